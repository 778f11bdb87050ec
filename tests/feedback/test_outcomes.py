"""Outcomes that are sent: which are kept, where, and what is refused."""

import json
from datetime import timedelta
from typing import Any

import pytest

from functions.core.base.errors import Conflict, StoreUnavailable
from functions.core.predictions import labels
from functions.core.storage.folder import FolderStore
from tests.feedback.bench import NOW, Bench, Call, say
from tests.support.production import ids_of, logged_line

[SOME_ID] = ids_of(1, NOW)


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
    [id_] = ids_of(1, NOW)
    status, refusal = call("POST", "/feedback", say(id_))
    assert (status, refusal["code"]) == (404, "NOT_FOUND")
    assert id_ in refusal["error"]
    assert "some minutes after" in refusal["error"]
    assert list(bench.list("feedback/")) == []
    bench.ship(logged_line(id_), name="later")
    assert call("POST", "/feedback", say(id_))[0] == 200
    assert call("POST", "/feedback", say(other))[0] == 200


def test_of_a_list_the_good_ones_are_kept_and_each_is_answered_in_order(call: Call, bench: Bench) -> None:
    first, second = bench.predict(0.4, 0.6)
    old = bench.predict(0.1, at=NOW - timedelta(days=40))[0]
    [unknown] = ids_of(1, NOW)
    body = [
        say(first),
        say(unknown),
        say(second, False),
        say(first, False, source="alice"),
        say(old),
        say(second, False),
    ]
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
    kept = [[(key, True), ("alice", False)], [(key, False)], [(key, True)]]
    assert bench.labels(first, second, old) == kept
    # Whatever became of the answer: the same again changes nothing.
    again = call("POST", "/feedback", body)[1]
    assert (again["recorded"], again["repeated"], again["unknown"]) == (0, 5, 1)
    assert bench.labels(first, second, old) == kept


def test_a_list_in_which_a_source_contradicts_itself_is_refused_whole(call: Call, bench: Bench) -> None:
    [id_] = bench.predict(0.4)
    # The key is a source, named or not.
    body = [say(id_), say(id_, False, source="alice"), say(id_.upper(), False, source="5f3a91c2")]
    status, refusal = call("POST", "/feedback", body)
    assert (status, refusal["code"]) == (422, "INVALID_INPUT")
    assert "two things of one prediction" in refusal["error"]
    assert refusal["detail"][0]["loc"] == ["body", "many", 2, "survived"]
    assert bench.labels(id_) == [[]]


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (say("no id"), 422, "UUID of version 7"),
        (say("2c5ea4c0-4067-11e9-8bad-9b1deb4d3b7d"), 422, "UUID of version 7"),
        (say(SOME_ID, "yes"), 422, "boolean"),
        (say(SOME_ID, 2), 422, "boolean"),
        (say(SOME_ID, 1.0), 422, "boolean"),
        (say(SOME_ID, source="../models/x"), 422, "match pattern"),
        (say(SOME_ID, source="=cmd()"), 422, "match pattern"),
        (say(SOME_ID, source="x" * 65), 422, "match pattern"),
        (say(SOME_ID, probability=0.5), 422, "Extra inputs"),
        ({"survived": True}, 422, "Field required"),
        ([], 422, "at least 1 item"),
        ([say(SOME_ID)] * 1001, 422, "at most 1000 items"),
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


def test_two_that_say_the_same_at_once_keep_it_once(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    [id_] = bench.predict(0.4)
    create = FolderStore.create

    def beaten(self: FolderStore, key: str, body: bytes, *rest: Any) -> str:
        create(self, key, body, *rest)
        raise Conflict(key)

    monkeypatch.setattr(FolderStore, "create", beaten)
    _, new = labels.record(bench, id_, survived=True, source="alice", key_id="", request_id="")
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
