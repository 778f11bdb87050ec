"""The feedback function through its Lambda handler: outcomes, queue, leases, rounds, progress, export."""

import asyncio
import io
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from functions.core import feedback
from functions.core.errors import Conflict, StoreUnavailable
from functions.core.feedback import read_labels
from functions.core.folder_store import FolderStore
from functions.core.ids import new_ids, time_of
from functions.core.predictions import folder, parse_line
from functions.core.store import Blob
from functions.core.table import read_passengers
from functions.feedback import known as known_module
from functions.feedback import service as service_module
from functions.feedback.handler import handler
from functions.feedback.leases import read_leases
from functions.feedback.progress import kappa
from functions.feedback.sampling import choose
from tests.conftest import LOOP

Call = Callable[..., tuple[int, Any]]
# Some predictions are made in the milliseconds after it.
NOW = datetime.now(UTC) - timedelta(minutes=1)
VERSION = "64fb781fa1a71ca5"
FEATURES = {
    "pclass": 3.0,
    "sex": "male",
    "age": 22.5,
    "sibsp": 1.0,
    "parch": 0.0,
    "fare": 7.25,
    "embarked": "S",
    "title": None,
}


def id_at(moment: datetime) -> str:
    """A prediction id that was made at `moment`."""
    stamp = f"{int(moment.timestamp() * 1000):012x}"
    return f"{stamp[:8]}-{stamp[8:]}{new_ids(1)[0][13:]}"


def line(id_: str, probability: float = 0.5, features: dict[str, Any] | None = None, **changes: Any) -> bytes:
    record = {
        "timestamp": time_of(id_).isoformat(timespec="milliseconds"),
        "level": "INFO",
        "message": "prediction",
        "version": VERSION,
        "key_id": "5f3a91c2",
        "request_id": "JKJaXm=",
        "prediction_id": id_,
        "probability": probability,
        "features": FEATURES | (features or {}),
    }
    return json.dumps(record | changes).encode() + b"\n"


class Bench(FolderStore):
    """A store that predictions are shipped to, and that counts what is read."""

    def __init__(self, root: Path) -> None:
        super().__init__(str(root))
        self.root = root
        self.read: list[str] = []

    def get(self, key: str) -> Blob:
        self.read.append(key)
        return super().get(key)

    def ship(self, *lines: bytes, at: datetime = NOW, name: str = "a") -> None:
        self.put(f"{folder(at)}{name}.jsonl", b"".join(lines))

    def predict(self, *probabilities: float, at: datetime = NOW, **changes: Any) -> list[str]:
        """Log a prediction of each probability, a millisecond apart, and return their ids."""
        ids = [id_at(at + timedelta(milliseconds=number)) for number in range(len(probabilities))]
        lines = [
            line(id_, probability, **changes) for id_, probability in zip(ids, probabilities, strict=True)
        ]
        self.ship(*lines, at=at, name=ids[0])
        return ids

    def labels(self, *ids: str) -> list[list[tuple[str, bool]]]:
        """What was said of each prediction, oldest first."""
        found = read_labels(self, {time_of(id_).date() for id_ in ids})
        return [[(label.source, label.survived) for label in found.get(id_, ())] for id_ in ids]

    def end_leases(self) -> None:
        """Have all leases written so long ago that they have ended."""
        for entry in list(self.list("feedback/leases/")):
            lease = json.loads(self.get(entry.key).body) | {"until": "2026-01-01T00:00:00Z"}
            self.put(entry.key, json.dumps(lease).encode())


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "store")


@pytest.fixture
def call(
    bench: Bench, event: Callable[[str], dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Call]:
    """Sends one request through the handler, as the gateway would; returns status and what the body holds."""
    monkeypatch.setenv("LIFEBOAT_STORE", str(bench.root))
    service_module.service.cache_clear()
    # `asyncio.run` in another test takes it away.
    asyncio.set_event_loop(LOOP)

    def call(
        method: str, path: str, body: Any = None, *, key: str = "5f3a91c2", scopes: str = "feedback"
    ) -> tuple[int, Any]:
        raw, _, query = path.partition("?")
        request = event("http_predict") | {
            "rawPath": raw,
            "rawQueryString": query,
            "body": None if body is None else json.dumps(body),
        }
        request["requestContext"]["http"] |= {"method": method, "path": raw}
        request["requestContext"]["authorizer"] = {"lambda": {"key_id": key, "scopes": scopes, "denied": ""}}
        answer = handler(request, None)  # type: ignore[arg-type]  # Mangum does not look at the context
        if "json" in answer["headers"]["content-type"]:
            return answer["statusCode"], json.loads(answer["body"])
        return answer["statusCode"], answer

    yield call
    service_module.service.cache_clear()


def say(id_: str, survived: object = True, **more: Any) -> dict[str, Any]:
    return {"prediction_id": id_, "survived": survived, **more}


def queue(call: Call, query: str = "", **options: Any) -> list[str]:
    """The ids that the queue hands out."""
    status, page = call("GET", f"/feedback/queue?{query}", **options)
    assert status == 200, page
    return [item["prediction_id"] for item in page["items"]]


# ---- Outcomes


def test_an_outcome_is_kept_beside_the_day_of_its_prediction(call: Call, bench: Bench) -> None:
    before = NOW - timedelta(days=3)
    [id_] = bench.predict(0.4, at=before)
    status, receipt = call("POST", "/feedback", say(id_, source="alice"))
    assert (status, receipt["status"], receipt["source"]) == (200, "recorded", "alice")
    [entry] = bench.list("feedback/")
    assert entry.key == f"feedback/dt={before:%Y-%m-%d}/{id_}/000001-1-alice.json"
    kept = json.loads(bench.get(entry.key).body)
    assert kept["key_id"] == "5f3a91c2"
    assert kept["request_id"]
    assert kept["labelled_at"] == receipt["labelled_at"]


def test_the_last_outcome_counts_all_are_kept_and_a_repeat_is_none(call: Call, bench: Bench) -> None:
    [id_] = bench.predict(0.4)
    said = [
        (True, "alice", "recorded"),
        (True, "alice", "repeated"),
        (False, "bob", "recorded"),
        # Alice has said so before; she does not overrule Bob by saying it again.
        (1, "alice", "repeated"),
        (0, "alice", "recorded"),
        (True, "alice", "recorded"),
    ]
    for survived, source, status in said:
        assert call("POST", "/feedback", say(id_, survived, source=source))[1]["status"] == status
    assert bench.labels(id_) == [[("alice", True), ("bob", False), ("alice", False), ("alice", True)]]


def test_whose_key_it_is_says_so_when_no_source_is_named(call: Call, bench: Bench) -> None:
    [id_] = bench.predict(0.4)
    assert call("POST", "/feedback", say(id_.upper()), key="0badcafe")[0] == 200
    assert bench.labels(id_) == [[("0badcafe", True)]]


def test_an_unknown_prediction_is_refused_by_name_and_found_once_its_record_has_come(
    call: Call, bench: Bench
) -> None:
    [other] = bench.predict(0.4)
    id_ = id_at(NOW)
    status, refusal = call("POST", "/feedback", say(id_))
    assert (status, refusal["code"]) == (404, "NOT_FOUND")
    assert id_ in refusal["error"]
    assert "some minutes after" in refusal["error"]
    assert list(bench.list("feedback/")) == []
    bench.ship(line(id_), name="later")
    assert call("POST", "/feedback", say(id_))[0] == 200
    assert call("POST", "/feedback", say(other))[0] == 200


def test_of_a_list_the_good_ones_are_kept_and_each_is_answered_in_order(call: Call, bench: Bench) -> None:
    first, second = bench.predict(0.4, 0.6)
    old = bench.predict(0.1, at=NOW - timedelta(days=40))[0]
    unknown = id_at(NOW)
    body = [say(first), say(unknown), say(second, False), say(first, False), say(old), say(second, False)]
    status, answer = call("POST", "/feedback", body)
    assert status == 200
    assert [(one["prediction_id"], one["status"]) for one in answer["results"]] == [
        (first, "recorded"),
        (unknown, "unknown"),
        (second, "recorded"),
        (first, "recorded"),
        (old, "recorded"),
        (second, "repeated"),
    ]
    assert (answer["recorded"], answer["repeated"], answer["unknown"]) == (4, 1, 1)
    assert unknown in answer["results"][1]["error"]
    key = "5f3a91c2"
    assert bench.labels(first, second, old) == [[(key, True), (key, False)], [(key, False)], [(key, True)]]
    # Whatever became of the answer: the same again changes nothing but what was contradictory.
    again = call("POST", "/feedback", [say(second, False), say(old)])[1]
    assert (again["recorded"], again["repeated"]) == (0, 2)


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (say("no id"), 422, "UUID of version 7"),
        (say("2c5ea4c0-4067-11e9-8bad-9b1deb4d3b7d"), 422, "UUID of version 7"),
        (say(id_at(NOW), "yes"), 422, "boolean"),
        (say(id_at(NOW), 2), 422, "boolean"),
        (say(id_at(NOW), 1.0), 422, "boolean"),
        (say(id_at(NOW), source="../models/x"), 422, "match pattern"),
        (say(id_at(NOW), source="=cmd()"), 422, "match pattern"),
        (say(id_at(NOW), source="x" * 65), 422, "match pattern"),
        (say(id_at(NOW), probability=0.5), 422, "Extra inputs"),
        ({"survived": True}, 422, "Field required"),
        ([], 422, "at least 1 item"),
        ([say(id_at(NOW))] * 1001, 422, "at most 1000 items"),
        ("text", 422, "an outcome, or a list of outcomes"),
        (None, 400, "not JSON"),
    ],
)
def test_what_is_no_outcome_is_refused_and_nothing_is_kept(
    call: Call, bench: Bench, body: Any, status: int, said: str
) -> None:
    got, refusal = call("POST", "/feedback", body)
    assert got == status
    assert said in refusal["error"] + str(refusal["detail"])
    assert list(bench.list("feedback/")) == []


def test_a_list_with_one_that_does_not_fit_is_refused_whole_and_says_which(call: Call, bench: Bench) -> None:
    [id_] = bench.predict(0.4)
    status, refusal = call("POST", "/feedback", [say(id_), say(id_, "maybe")])
    assert status == 422
    assert refusal["detail"][0]["loc"] == ["body", "many", 1, "survived"]
    assert bench.labels(id_) == [[]]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/feedback"),
        ("GET", "/feedback/queue"),
        ("GET", "/feedback/progress"),
        ("GET", "/feedback/export"),
        ("GET", "/feedback/rounds"),
        ("POST", "/feedback/rounds"),
        ("GET", "/feedback/rounds/01a1feaa-00ea-7752-9015-c9355649249c"),
        ("GET", "/feedback/openapi.json"),
        ("GET", "/feedback/docs"),
    ],
)
def test_a_route_takes_the_scope_feedback(call: Call, bench: Bench, method: str, path: str) -> None:
    status, refusal = call(method, path, scopes="predict")
    assert (status, refusal["code"]) == (403, "FORBIDDEN")
    assert call(method, path, scopes="admin")[0] != 403


def test_two_that_say_the_same_at_once_keep_it_once(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    [id_] = bench.predict(0.4)
    create = FolderStore.create

    def beaten(self: FolderStore, key: str, body: bytes, *rest: Any) -> str:
        create(self, key, body, *rest)
        raise Conflict(key)

    monkeypatch.setattr(FolderStore, "create", beaten)
    _, new = feedback.record(bench, id_, survived=True, source="alice", key_id="", request_id="")
    assert new is False
    assert bench.labels(id_) == [[("alice", True)]]


def test_a_repeat_that_got_a_number_of_its_own_counts_once_and_strange_objects_are_passed_over(
    bench: Bench,
) -> None:
    [id_] = bench.predict(0.4)
    here = f"feedback/dt={NOW:%Y-%m-%d}/{id_}"
    names = ("000001-1-al-ice", "000001-0-bob", "000002-1-al-ice", "1-1-alice", "000003-2-alice", "notes")
    for name in names:
        bench.put(f"{here}/{name}.json", b"{}")
    assert sorted(bench.labels(id_)[0]) == [("al-ice", True), ("bob", False)]


def test_objects_of_the_log_that_were_read_are_not_read_again(call: Call, bench: Bench) -> None:
    ids = bench.predict(0.4, 0.6)
    known = service_module.service().known
    monitored = Bench(bench.root)
    known._store = monitored
    assert known.among(ids) == set(ids)
    assert len(monitored.read) == 1
    assert known.among([*ids, id_at(NOW)]) == set(ids)
    assert len(monitored.read) == 1


def test_what_is_remembered_of_the_log_is_limited(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_module, "_MOST_REMEMBERED", 3)
    known = known_module.KnownPredictions(bench, 10**6)
    first, second = bench.predict(0.1, 0.2), bench.predict(0.3, 0.4)
    assert known.among(first) == set(first)
    assert known.among([*first, *second]) == {*first, *second}
    assert known.among([*first, *second]) == {*first, *second}


def test_ids_of_the_future_are_unknown_without_looking(bench: Bench) -> None:
    known = known_module.KnownPredictions(bench, 10**6)
    assert known.among([id_at(NOW + timedelta(days=1)), "e677d000-0000-7000-8000-000000000000"]) == set()
    assert bench.read == []


def test_a_list_that_the_store_cut_short_can_be_sent_again(
    call: Call, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = bench.predict(*[0.5] * 20)
    create = FolderStore.create

    def away(self: FolderStore, key: str, body: bytes, *rest: Any) -> str:
        if not any(id_ in key for id_ in ids[:5]):
            raise StoreUnavailable("the store could not be reached")
        return create(self, key, body, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(FolderStore, "create", away)
        status, refusal = call("POST", "/feedback", [say(id_) for id_ in ids])
    assert (status, refusal["code"]) == (503, "STORE_UNAVAILABLE")
    answer = call("POST", "/feedback", [say(id_) for id_ in ids])[1]
    assert (answer["recorded"], answer["repeated"]) == (15, 5)
    assert bench.labels(*ids) == [[("5f3a91c2", True)]] * 20


# ---- The queue


def test_the_least_certain_come_first_and_every_fourth_is_drawn_from_the_others(
    call: Call, bench: Bench
) -> None:
    probabilities = [number / 100 for number in range(1, 100)]
    ids = dict(zip(bench.predict(*probabilities), probabilities, strict=True))
    status, page = call("GET", "/feedback/queue?limit=20")
    assert status == 200
    items = page["items"]
    assert [item["chosen"] for item in items] == ["uncertain", "uncertain", "uncertain", "random"] * 5
    distances = [abs(ids[item["prediction_id"]] - 0.5) for item in items if item["chosen"] == "uncertain"]
    assert distances == sorted(distances)
    assert max(distances) < 0.08
    drawn = [item for item in items if item["chosen"] == "random"]
    assert all(abs(ids[item["prediction_id"]] - 0.5) > 0.06 for item in drawn)
    assert {item["sampling_probability"] for item in drawn} == {5 / 84}
    assert {item["sampling_probability"] for item in items if item["chosen"] == "uncertain"} == {1}
    assert page["open"] == 99
    assert items[0]["features"] == FEATURES
    assert items[0]["version"] == VERSION


def test_a_quarter_is_random_even_when_asked_for_one_by_one(call: Call, bench: Bench) -> None:
    bench.predict(*[number / 50 for number in range(50)])
    chosen = []
    for _ in range(12):
        [item] = call("GET", "/feedback/queue?limit=1")[1]["items"]
        chosen.append(item["chosen"])
        assert call("POST", "/feedback", say(item["prediction_id"]))[0] == 200
    assert chosen == ["uncertain", "uncertain", "uncertain", "random"] * 3


def test_annotators_get_different_predictions_and_each_the_same_again(call: Call, bench: Bench) -> None:
    ids = bench.predict(*[0.5] * 10)
    alice, bob = queue(call, "limit=4&annotator=alice"), queue(call, "limit=4&annotator=bob")
    assert len({*alice, *bob}) == 8
    assert queue(call, "limit=4&annotator=alice") == alice
    # Without a name it is the key that asks: two keys, two annotators.
    rest = queue(call, "limit=4")
    assert {*alice, *bob, *rest} == set(ids)
    assert queue(call, "limit=4", key="0badcafe") == []


def test_pages_go_on_where_the_one_before_ended_whatever_is_labelled_meanwhile(
    call: Call, bench: Bench
) -> None:
    ids = bench.predict(*[0.5] * 10)
    first = call("GET", "/feedback/queue?limit=4")[1]
    call("POST", "/feedback", say(first["items"][0]["prediction_id"]))
    second = call("GET", f"/feedback/queue?limit=4&after={first['next']}")[1]
    third = call("GET", f"/feedback/queue?limit=4&after={second['next']}")[1]
    assert third["next"] is None
    found = [item["prediction_id"] for page in (first, second, third) for item in page["items"]]
    assert sorted(found) == sorted(ids)
    assert third["open"] == 9
    # Asked without `after`, it begins with what is not labelled yet.
    assert queue(call, "limit=10") == found[1:]


def test_a_lease_that_has_ended_lets_somebody_else_have_it(call: Call, bench: Bench) -> None:
    ids = bench.predict(0.5, 0.5)
    assert sorted(queue(call, "annotator=alice")) == ids
    assert queue(call, "annotator=bob") == []
    bench.end_leases()
    assert sorted(queue(call, "annotator=bob")) == ids
    assert queue(call, "annotator=alice") == []


def test_leases_end_after_the_seconds_of_the_setting(
    call: Call, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIFEBOAT_LEASE_SECONDS", "1")
    bench.predict(0.5)
    page = call("GET", "/feedback/queue?annotator=alice")[1]
    assert queue(call, "annotator=bob") == []
    time.sleep(1.05)
    assert datetime.fromisoformat(page["items"][0]["leased_until"]) < datetime.now(UTC)
    assert len(queue(call, "annotator=bob")) == 1


def test_an_old_lease_is_not_read_to_see_that_it_has_ended(call: Call, bench: Bench) -> None:
    [id_] = bench.predict(0.5)
    queue(call, "annotator=alice")
    [entry] = bench.list("feedback/leases/")
    long_ago = time.time() - 2000
    os.utime(bench.root / entry.key, (long_ago, long_ago))
    watched = Bench(bench.root)
    leases = read_leases(watched, [NOW.date()], now=datetime.now(UTC), seconds=900)
    assert leases.ended == {id_: entry.etag}
    assert watched.read == []
    assert queue(call, "annotator=bob") == [id_]


def test_who_loses_a_race_for_a_lease_gets_others_instead(
    call: Call, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.predict(*[0.5] * 6)
    create = FolderStore.create
    lost: list[str] = []

    def raced(self: FolderStore, key: str, body: bytes, *rest: Any) -> str:
        if len(lost) < 2:
            lost.append(key)
            raise Conflict(key)
        return create(self, key, body, *rest)

    monkeypatch.setattr(FolderStore, "create", raced)
    won = queue(call, "limit=3")
    assert len(won) == 3
    assert not {key.rpartition("/")[2].removesuffix(".json") for key in lost} & set(won)


@pytest.mark.parametrize("damage", [b"{}", b"no json"])
def test_a_damaged_lease_counts_as_ended(call: Call, bench: Bench, damage: bytes) -> None:
    [id_] = bench.predict(0.5)
    queue(call, "annotator=alice")
    [entry] = bench.list("feedback/leases/")
    bench.put(entry.key, damage)
    assert queue(call, "annotator=bob") == [id_]


def test_labelled_predictions_leave_the_queue_unless_more_labels_are_wanted(call: Call, bench: Bench) -> None:
    first, second = bench.predict(0.5, 0.5)
    call("POST", "/feedback", say(first, source="alice"))
    assert queue(call, "annotator=carol") == [second]
    # Alice has had her say on the first one.
    assert queue(call, "annotator=alice&wanted=2") == []
    assert queue(call, "annotator=bob&wanted=2") == [first]
    call("POST", "/feedback", say(first, source="bob"))
    assert queue(call, "annotator=bob&wanted=2") == []


FILTERED = {
    "sex=female": {1, 3},
    "pclass=1": {2, 3},
    "sex=female&pclass=1": {3},
    "version=00000000000000aa": {4},
    "min_probability=0.7": {2, 3, 4},
    "max_probability=0.2": {0},
    "min_probability=0.4&max_probability=0.6": {1},
    "from={two_hours_ago}": {0, 1, 2, 3},
    "to={two_hours_ago}": {4},
    "from={twenty_days_ago}&to={eight_days_ago}": {5},
    "": {0, 1, 2, 3, 4},
}


# Filled in by the test: a parameter that holds the time would have another name in each of pytest's workers.
TIMES = {
    "two_hours_ago": timedelta(hours=2),
    "eight_days_ago": timedelta(days=8),
    "twenty_days_ago": timedelta(days=20),
}


@pytest.mark.parametrize(("query", "expected"), FILTERED.items(), ids=list(FILTERED))
def test_filters_narrow_what_is_handed_out(call: Call, bench: Bench, query: str, expected: set[int]) -> None:
    query = query.format(**{name: f"{NOW - ago:%Y-%m-%dT%H:%M:%SZ}" for name, ago in TIMES.items()})
    ids = [
        *bench.predict(0.1, at=NOW - timedelta(minutes=50)),
        *bench.predict(0.5, at=NOW - timedelta(minutes=40), features={"sex": "female"}),
        *bench.predict(0.8, at=NOW - timedelta(minutes=30), features={"pclass": 1.0}),
        *bench.predict(0.9, at=NOW - timedelta(minutes=20), features={"sex": "female", "pclass": 1.0}),
        *bench.predict(0.7, at=NOW - timedelta(days=1), version="00000000000000aa"),
        *bench.predict(0.6, at=NOW - timedelta(days=10)),
    ]
    assert set(queue(call, query)) == {ids[number] for number in expected}


def test_a_record_that_was_shipped_late_or_twice_is_one_prediction_of_its_own_time(
    call: Call, bench: Bench
) -> None:
    moment = NOW - timedelta(hours=3)
    id_ = id_at(moment)
    bench.ship(line(id_), at=moment, name="a")
    bench.ship(line(id_), at=moment + timedelta(minutes=59), name="b")
    at = "%Y-%m-%dT%H:%M:%SZ"
    inside = f"from={moment - timedelta(minutes=1):{at}}&to={moment + timedelta(minutes=1):{at}}"
    outside = f"from={moment + timedelta(minutes=1):{at}}"
    assert queue(call, outside) == []
    assert queue(call, inside) == [id_]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("sex=other", "female"),
        ("pclass=4", "less than or equal to 3"),
        ("version=../x", "match pattern"),
        ("from=yesterday", "valid datetime"),
        ("from=2026-11-01T00:00:00", "timezone"),
        ("from=2026-11-02T00:00:00Z&to=2026-11-01T00:00:00Z", "must be after"),
        ("from=2026-01-01T00:00:00Z&to=2026-11-01T00:00:00Z", "31 days"),
        ("min_probability=0.9&max_probability=0.1", "must not be above"),
        ("limit=101", "less than or equal to 100"),
        ("wanted=0", "greater than or equal to 1"),
        ("after=1", "match pattern"),
        ("annotator=a/b", "match pattern"),
        ("to=0.5", "a time is written as"),
        ("round=1", "match pattern"),
        ("round=01a1feaa-00ea-7752-9015-c9355649249c&sex=male", "without filters"),
        ("surname=Allen", "Extra inputs"),
    ],
)
def test_a_query_that_does_not_fit_is_refused_with_the_reason(call: Call, query: str, said: str) -> None:
    status, refusal = call("GET", f"/feedback/queue?{query}")
    assert status == 422
    assert said in str(refusal["detail"])


@pytest.mark.parametrize("request_", [("GET", "/feedback/progress", None), ("POST", "/feedback", 1)])
def test_more_of_the_log_than_one_request_may_read_is_refused(
    call: Call, bench: Bench, monkeypatch: pytest.MonkeyPatch, request_: tuple[str, str, Any]
) -> None:
    monkeypatch.setenv("LIFEBOAT_MOST_LOG_BYTES", "500")
    [first], [second] = bench.predict(0.1), bench.predict(0.2)
    method, path, body = request_
    status, refusal = call(method, path, body and [say(first), say(second)])
    assert status == 422
    assert "ask for a shorter time" in refusal["error"]
    assert list(bench.list("feedback/")) == []


# ---- Sampling


def test_the_weights_of_a_sample_add_up_to_all_predictions() -> None:
    records = [parse_line(line(id_, number / 1000)) for number, id_ in enumerate(new_ids(1000))]
    for size in (4, 10, 100, 999, 1000):
        choices = choose(records, size, share=0.25, salt="x")
        assert len({choice.record.prediction_id for choice in choices}) == size
        assert sum(1 / choice.sampling_probability for choice in choices) == pytest.approx(1000)


def test_weighted_labels_of_a_sample_estimate_what_labels_of_all_would_show() -> None:
    records = [parse_line(line(id_, number / 1000)) for number, id_ in enumerate(new_ids(1000))]
    brier = sum(one.probability * (1 - one.probability) for one in records) / len(records)
    weighted, plain = [], []
    for salt in range(60):
        choices = choose(records, 200, share=0.25, salt=str(salt))
        scores = [one.record.probability * (1 - one.record.probability) for one in choices]
        weights = [1 / choice.sampling_probability for choice in choices]
        weighted.append(sum(map(float.__mul__, weights, scores)) / sum(weights))
        plain.append(sum(scores) / len(scores))
    assert sum(weighted) / len(weighted) == pytest.approx(brier, abs=0.003)
    # Without the weights the model would look worse than it is.
    assert min(plain) > brier + 0.03


@pytest.mark.parametrize(("share", "random"), [(0, 0), (0.25, 5), (0.5, 10), (1, 20)])
def test_the_share_drawn_at_random_is_what_was_asked_for(share: float, random: int) -> None:
    records = [parse_line(line(id_, 0.3)) for id_ in new_ids(40)]
    choices = choose(records, 20, share=share)
    assert sum(choice.chosen == "random" for choice in choices) == random


# ---- Rounds


def draw(call: Call, **body: Any) -> dict[str, Any]:
    status, made = call("POST", "/feedback/rounds", body)
    assert status == 201, made
    found: dict[str, Any] = made
    return found


def test_a_round_is_drawn_once_and_its_list_stays_as_it_is(call: Call, bench: Bench) -> None:
    bench.predict(*[number / 100 for number in range(1, 100)])
    made = draw(call, size=20, note="a test")
    assert (made["population"], len(made["choices"]), made["by"]) == (99, 20, "5f3a91c2")
    assert [choice["chosen"] for choice in made["choices"]].count("random") == 5
    bench.predict(*[0.5] * 20)
    assert call("GET", f"/feedback/rounds/{made['id']}") == (200, made)
    drawn = [choice["record"]["prediction_id"] for choice in made["choices"]]
    assert queue(call, f"round={made['id']}&limit=8") == drawn[:8]
    call("POST", "/feedback", [say(id_) for id_ in drawn[:8]])
    assert queue(call, f"round={made['id']}&limit=100") == drawn[8:]
    progress = call("GET", f"/feedback/progress?round={made['id']}")[1]
    assert (progress["predictions"], progress["labelled"], progress["open"]) == (20, 8, 12)
    rows = call("GET", f"/feedback/export?round={made['id']}")[1]["body"].splitlines()[1:]
    assert sorted(row.partition(",")[0] for row in rows) == sorted(drawn[:8])


def test_rounds_draw_differently_are_listed_newest_first_and_say_what_from(call: Call, bench: Bench) -> None:
    bench.predict(*[0.2] * 50)
    bench.predict(*[0.2] * 50, features={"sex": "female"})
    first, second = draw(call, size=40, sex="female"), draw(call, size=40, sex="female")
    assert first["population"] == 50
    assert first["selection"]["sex"] == "female"
    assert first["selection"].keys() >= {"from", "to"}
    random = [
        {one["record"]["prediction_id"] for one in made["choices"] if one["chosen"] == "random"}
        for made in (first, second)
    ]
    assert random[0] != random[1]
    bench.put("feedback/rounds/notes.json", b"{}")
    listed = call("GET", "/feedback/rounds")[1]
    assert [one["id"] for one in listed] == sorted([first["id"], second["id"]], reverse=True)


def test_a_round_of_nothing_or_too_much_is_refused(call: Call, bench: Bench) -> None:
    status, refusal = call("POST", "/feedback/rounds", {"size": 5})
    assert (status, refusal["code"]) == (422, "INVALID_INPUT")
    assert "no prediction" in refusal["error"]
    assert call("POST", "/feedback/rounds", {"size": 1001})[0] == 422
    assert call("POST", "/feedback/rounds", {"size": 5, "to": "soon"})[0] == 422


def test_a_round_that_is_not_there_or_damaged_is_not_found(call: Call, bench: Bench) -> None:
    id_ = id_at(NOW)
    for path in (f"/feedback/rounds/{id_}", f"/feedback/queue?round={id_}", f"/feedback/export?round={id_}"):
        status, refusal = call("GET", path)
        assert status == 404
        assert "GET /feedback/rounds lists them" in refusal["error"]
    bench.put(f"feedback/rounds/{id_}.json", b"{}")
    assert "damaged" in call("GET", f"/feedback/rounds/{id_}")[1]["error"]
    assert call("GET", "/feedback/rounds/champion.json")[0] == 422


# ---- Progress


def test_progress_counts_predictions_labels_corrections_and_agreement(call: Call, bench: Bench) -> None:
    ids = bench.predict(*[0.5] * 10)
    alice = [True, True, True, False, False, False]
    bob = [True, True, False, False, False, True]
    call("POST", "/feedback", [say(*one, source="alice") for one in zip(ids, alice, strict=False)])
    call("POST", "/feedback", [say(*one, source="bob") for one in zip(ids, bob, strict=False)])
    call("POST", "/feedback", [say(ids[6], True, source="carol"), say(ids[6], False, source="carol")])
    # Of another day, and not asked for.
    bench.predict(0.5, at=NOW - timedelta(days=9))
    status, found = call("GET", "/feedback/progress")
    assert status == 200
    [agreement] = found.pop("agreement")
    assert found == {
        "predictions": 10,
        "labelled": 7,
        "open": 3,
        "labels": 14,
        "corrections": 1,
        "sources": {"alice": 6, "bob": 6, "carol": 1},
    }
    assert agreement["sources"] == ["alice", "bob"]
    assert agreement["both"] == 6
    assert agreement["raw"] == pytest.approx(4 / 6)
    assert agreement["kappa"] == pytest.approx(1 / 3)


def test_progress_of_nothing_is_nothing(call: Call, bench: Bench) -> None:
    found = call("GET", "/feedback/progress")[1]
    assert (found["predictions"], found["labelled"], found["agreement"]) == (0, 0, [])


@pytest.mark.parametrize("seed", range(8))
def test_kappa_is_scikit_learns(seed: int) -> None:
    random = np.random.default_rng(seed)
    left = random.random(50) < 0.4
    # From no agreement but by chance to nearly full agreement.
    right = np.where(random.random(50) < seed / 8, left, random.random(50) < 0.6)
    assert kappa(list(zip(left.tolist(), right.tolist(), strict=True))) == pytest.approx(
        cohen_kappa_score(left, right)
    )


def test_kappa_is_none_where_chance_would_agree_as_well() -> None:
    assert kappa([(True, True)] * 5) is None
    assert kappa([(True, False)] * 5) == 0


# ---- Export


def rows_of(answer: dict[str, Any]) -> Sequence[str]:
    rows: list[str] = answer["body"].splitlines()[1:]
    return rows


def test_the_export_is_a_dataset_again(call: Call, bench: Bench) -> None:
    fare, nothing = 7.229199886322021, {"age": None, "embarked": None, "fare": None}
    first, second, _ = (
        bench.predict(0.1, features={"fare": fare, "title": "Mr"})[0],
        bench.predict(0.9, features={**nothing, "sex": "female", "pclass": 1.0})[0],
        bench.predict(0.5)[0],
    )
    call("POST", "/feedback", [say(first, True), say(second, True), say(first, False, source="alice")])
    status, answer = call("GET", "/feedback/export")
    assert status == 200
    assert answer["headers"]["content-type"] == "text/csv; charset=utf-8"
    assert answer["isBase64Encoded"] is False
    assert "x-next" not in answer["headers"]
    [chunk] = read_passengers(io.BytesIO(answer["body"].encode()), labelled=True)
    assert chunk.bad == []
    found = dict(zip([row.partition(",")[0] for row in rows_of(answer)], chunk.survived, strict=True))
    assert found == {first: 0, second: 1}
    at = list(found).index(first)
    assert chunk.columns["fare"][at, 0] == fare
    assert chunk.columns["title"][at, 0] == "Mr"
    assert chunk.columns["age"][1 - at, 0] != chunk.columns["age"][1 - at, 0]
    row = rows_of(answer)[at].split(",")
    assert row[:1] + row[-4:-2] + row[-1:] == [first, "0", "alice", VERSION]
    assert datetime.fromisoformat(row[-2]).tzinfo


def test_an_export_comes_in_pages(call: Call, bench: Bench) -> None:
    ids = bench.predict(*[0.5] * 5)
    call("POST", "/feedback", [say(id_) for id_ in ids])
    found, after = [], ""
    for _ in range(3):
        answer = call("GET", f"/feedback/export?limit=2{after}")[1]
        found.append([row.partition(",")[0] for row in rows_of(answer)])
        after = f"&after={answer['headers'].get('x-next')}"
    assert found == [ids[:2], ids[2:4], ids[4:]]
    assert after == "&after=None"


# ---- Documents


def test_the_document_names_every_route_and_the_page_shows_it(call: Call) -> None:
    status, document = call("GET", "/feedback/openapi.json")
    assert status == 200
    assert document["paths"].keys() == {
        "/feedback",
        "/feedback/queue",
        "/feedback/progress",
        "/feedback/export",
        "/feedback/rounds",
        "/feedback/rounds/{id}",
    }
    assert "swagger-ui" in call("GET", "/feedback/docs")[1]["body"]


def test_every_route_of_the_app_is_declared_and_no_other() -> None:
    from functions.feedback.app import app
    from functions.local.template import read_template
    from tests.declared import TEMPLATE

    declared = {route.key for route in read_template(TEMPLATE).routes if route.function == "FeedbackFunction"}
    served = {
        f"{method} {route.path}"  # type: ignore[attr-defined]  # Starlette's base class does not say
        for route in app.routes
        for method in route.methods  # type: ignore[attr-defined]
    }
    assert declared == served
