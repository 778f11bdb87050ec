"""The log is read once while it is kept, and never more of it than a request may read."""

from datetime import timedelta

import pytest

from functions.core.predictions.records import PredictionRecord, parse_line
from functions.feedback import log_object
from functions.feedback.log_object import LoggedObject
from functions.feedback.log_reader import LogCache, LogReader
from tests.feedback.bench import NOW, Bench, Call, queue, say
from tests.support.production import ids_of, logged_line
from tests.support.titanic import MODEL

PERIOD = (NOW - timedelta(hours=3), NOW + timedelta(minutes=1))


@pytest.fixture
def log(bench: Bench) -> LogReader:
    return LogReader(bench, LogCache(max_objects=10, max_bytes=10**6))


def test_objects_of_the_log_that_were_read_are_not_read_again(log: LogReader, bench: Bench) -> None:
    ids = bench.predict(0.4, 0.6)
    for _ in range(2):
        [records] = log.read(log.between(*PERIOD)[0])
        assert records.ids == ids
        assert log.known(ids) == (set(ids), set())
        assert log.known([*ids, *ids_of(1, NOW)]) == (set(ids), set())
    assert len(bench.read) == 1


def test_what_is_known_already_is_not_looked_for(log: LogReader, bench: Bench) -> None:
    ids = bench.predict(0.4, 0.6)
    assert log.known(ids[:1]) == (set(ids[:1]), set())
    for entry in list(bench.list("predictions/")):
        bench.delete(entry.key)
    assert log.known(ids) == (set(ids), set())


def test_an_object_that_has_changed_is_another(log: LogReader, bench: Bench) -> None:
    for id_ in ids_of(2, NOW):
        bench.ship(logged_line(id_))
        [records] = log.read(log.between(*PERIOD)[0])
        assert records.ids == [id_]


@pytest.mark.parametrize("limits", [{"max_objects": 2}, {"max_bytes": 1000}], ids=["objects", "bytes"])
def test_what_was_read_longest_ago_is_kept_no_longer(bench: Bench, limits: dict[str, int]) -> None:
    log = LogReader(bench, LogCache(**{"max_objects": 10, "max_bytes": 10**6} | limits))
    ids = [id_ for _ in range(3) for id_ in bench.predict(0.5)]
    entries = sorted(bench.list("predictions/"), key=lambda entry: entry.key)

    def read(*numbers: int) -> list[str]:
        bench.read.clear()
        found = log.read([entries[number] for number in numbers])
        assert sorted(id_ for records in found for id_ in records.ids) == sorted(
            ids[number] for number in numbers
        )
        return bench.read

    ids.sort()
    assert len(read(0, 1)) == 2
    assert read(0) == []
    assert read(2) == [entries[2].key]
    assert read(0, 2) == []
    assert read(1) == [entries[1].key]
    # While the first of them comes in, another one has to go, and is there all the same.
    assert sorted(read(0, 1, 2)) == [entries[0].key]


def test_the_models_of_a_process_keep_no_more_together_than_one_alone(bench: Bench, churn: Bench) -> None:
    cache = LogCache(max_objects=2, max_bytes=10**6)
    ours, theirs = LogReader(bench, cache), LogReader(churn, cache)
    [old], [new] = bench.predict(0.5, at=NOW - timedelta(minutes=5)), churn.predict(0.5)
    bench.read.clear()
    churn.read.clear()
    # Both objects are in the log of both models, and each finds its own records in them.
    assert [records.ids for records in ours.read(ours.between(*PERIOD)[0])] == [[], [old]]
    assert [records.ids for records in theirs.read(theirs.between(*PERIOD)[0])] == [[new], []]
    assert (len(bench.read), len(churn.read)) == (2, 2)
    # What was read for the other model has taken the place of what was read for this one.
    assert ours.known([old, new]) == ({old}, set())
    assert theirs.known([old, new]) == ({new}, set())
    assert len(bench.read) > 2


def test_ids_of_the_future_are_unknown_without_looking(log: LogReader, bench: Bench) -> None:
    # The last moment that Python can tell: an hour later there is none.
    last = "e677d21f-dbff-7000-8000-000000000000"
    assert log.known([*ids_of(1, NOW + timedelta(days=1)), last]) == (set(), set())
    assert bench.read == []


def predict_in_objects(bench: Bench, count: int) -> list[str]:
    """Log predictions a millisecond apart, each in an object of its own."""
    return [bench.predict(0.5, at=NOW + timedelta(milliseconds=number))[0] for number in range(count)]


def test_what_one_request_reads_does_not_tell_of_every_prediction(bench: Bench) -> None:
    log = LogReader(bench, LogCache(max_objects=2, max_bytes=10**6))
    [absent] = ids_of(1, NOW)
    _, second, *_ = predict_in_objects(bench, 4)
    assert log.known([absent]) == (set(), {absent})
    # In the same objects another one is found, whether they are kept from before or not.
    assert log.known([absent, second]) == ({second}, {absent})
    afresh = LogReader(bench, LogCache(max_objects=2, max_bytes=10**6))
    assert afresh.known([absent, second]) == ({second}, {absent})


LIMITS = {"LIFEBOAT_MAX_LOG_BYTES": "500", "LIFEBOAT_MAX_LOG_OBJECTS": "1"}


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/feedback/progress"), ("GET", "/feedback/export"), ("POST", "/feedback/rounds")],
)
def test_more_of_the_log_than_one_request_may_read_is_refused(
    call: Call, bench: Bench, monkeypatch: pytest.MonkeyPatch, limit: str, method: str, path: str
) -> None:
    monkeypatch.setenv(limit, LIMITS[limit])
    bench.predict(0.1)
    bench.predict(0.2)
    status, refusal = call(method, path, {"size": 1} if method == "POST" else None)
    assert status == 422
    assert "ask for a shorter time" in refusal["error"]
    assert list(bench.list("feedback/")) == []


@pytest.mark.parametrize("limit", LIMITS)
def test_the_queue_is_about_the_newest_unless_it_was_said_from_when_on(
    call: Call, bench: Bench, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setenv(limit, LIMITS[limit])
    bench.predict(0.5, at=NOW - timedelta(hours=2))
    new = bench.predict(0.1)
    assert queue(call) == new
    status, refusal = call("GET", f"/feedback/queue?from={NOW - timedelta(hours=3):%Y-%m-%dT%H:%M:%SZ}")
    assert status == 422
    assert "ask for a shorter time" in refusal["error"]


@pytest.mark.parametrize(("limit", "most"), [("OBJECTS", "2"), ("BYTES", "900")])
def test_an_outcome_that_would_take_more_of_the_log_does_not_keep_others_from_being_kept(
    call: Call, bench: Bench, monkeypatch: pytest.MonkeyPatch, limit: str, most: str
) -> None:
    monkeypatch.setenv(f"LIFEBOAT_MAX_LOG_{limit}", most)
    [absent] = ids_of(1, NOW)
    _, second, *_ = predict_in_objects(bench, 4)
    status, answer = call("POST", "/feedback", [say(absent), say(second)])
    assert status == 200
    assert [one["status"] for one in answer["results"]] == ["unknown", "recorded"]
    assert "send it again, with fewer" in answer["results"][0]["error"]
    assert bench.labels(absent, second) == [[], [("5f3a91c2", True)]]
    # One by itself follows the same rule.
    status, refusal = call("POST", "/feedback", say(absent))
    assert (status, refusal["code"]) == (404, "NOT_FOUND")
    assert f"{absent} was not found in as much of the log as one request reads" in refusal["error"]


def test_lines_that_name_another_model_are_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    own, foreign = (
        logged_line(id_, model=name) for id_, name in zip(ids_of(2, NOW), (MODEL, "churn"), strict=True)
    )
    parsed: list[bytes] = []

    def noting(line: bytes) -> PredictionRecord:
        parsed.append(line)
        return parse_line(line)

    monkeypatch.setattr(log_object, "parse_line", noting)
    damaged = foreign[:200] + b"\n"
    held = LoggedObject(b"\n".join([own, foreign, damaged, b"no json\n"]), MODEL)
    assert (len(held.ids), held.damaged) == (1, 1)
    assert parsed == [own.strip(), b"no json"]


def test_a_line_of_this_model_is_found_however_its_name_is_written() -> None:
    escaped = [
        logged_line(id_).replace(b'"titanic"', written)
        for id_, written in zip(
            ids_of(3, NOW), (b'"titanic"', b'"\\u0074itanic"', b'   "titanic"'), strict=True
        )
    ]
    # What looks like another's name is a value of this row; half of another's line stands before one of ours.
    value = logged_line(ids_of(1, NOW)[0], features={"model": "churn"})
    torn = logged_line(ids_of(1, NOW)[0], model="churn")[:200] + logged_line(ids_of(1, NOW)[0])
    held = LoggedObject(b"".join([*escaped, value, torn]), MODEL)
    assert (len(held.ids), held.damaged) == (4, 1)
