"""Outcomes that are sent: which are kept, where, and what is refused."""

import json
from datetime import timedelta
from typing import Any

import pytest

from functions.core.base.errors import Conflict, StoreUnavailable
from functions.core.predictions import labels
from functions.core.schema.document.parsing import parse_schema
from functions.core.storage.folder import FolderStore
from tests.feedback.bench import NOW, Bench, Call, say
from tests.support.production import ids_of, logged_line

[SOME_ID] = ids_of(1, NOW)


def test_an_outcome_is_kept_beside_the_day_of_its_prediction(call: Call, bench: Bench) -> None:
    before = NOW - timedelta(days=3)
    [id_] = bench.predict(0.4, at=before)
    status, receipt = call("POST", "/feedback", say(id_, source="alice"))
    assert (status, receipt["status"], receipt["source"]) == (200, "recorded", "5f3a91c2/alice")
    [entry] = bench.list("feedback/")
    assert entry.key == f"feedback/dt={before:%Y-%m-%d}/{id_}/000001-1-5f3a91c2~alice.json"
    kept = json.loads(bench.get(entry.key).body)
    assert kept["key_id"] == "5f3a91c2"
    assert kept["request_id"]
    assert kept["labelled_at"] == receipt["labelled_at"]


def test_what_a_person_says_is_kept_under_their_id_and_names_they_give_stand_below_it(
    call: Call, bench: Bench
) -> None:
    ada = "user:ada@example.com"
    [id_] = bench.predict(0.4)
    for given, kept in {None: ada, "bob": f"{ada}/bob"}.items():
        body = say(id_) | ({"source": given} if given else {})
        assert call("POST", "/feedback", body, key=ada)[1]["source"] == kept
    _, made = call("POST", "/feedback/rounds", {"size": 1}, key=ada)
    assert made["by"] == ada


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
    alice, bob = "5f3a91c2/alice", "5f3a91c2/bob"
    assert bench.labels(id_) == [[(alice, True), (bob, False), (alice, False), (alice, True)]]


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
    kept = [[(key, True), (f"{key}/alice", False)], [(key, False)], [(key, True)]]
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
        (say(SOME_ID, "maybe"), 422, "must be false or true"),
        (say(SOME_ID, 2), 422, "must be false or true"),
        (say(SOME_ID, 1.5), 422, "must be false or true"),
        (say(SOME_ID, 10**400), 422, "must be false or true"),
        (say(SOME_ID, float("inf")), 422, "must be false or true"),
        (say(SOME_ID, None), 422, "must be false or true"),
        (say(SOME_ID, [True]), 422, "must be false or true"),
        (say(SOME_ID, source="../models/x"), 422, "up to 64 letters"),
        (say(SOME_ID, source="=cmd()"), 422, "up to 64 letters"),
        (say(SOME_ID, source="x" * 65), 422, "up to 64 letters"),
        (say(SOME_ID, source="alice\n"), 422, "up to 64 letters"),
        (say(SOME_ID, source=7), 422, "up to 64 letters"),
        (say(SOME_ID, probability=0.5), 422, "is nothing of an outcome; send `prediction_id`, `survived`"),
        (say(SOME_ID, Survived=True), 422, "given twice"),
        ({"prediction_id": 7, "survived": True}, 422, "UUID of version 7"),
        ({"survived": True}, 422, "is required"),
        ({"prediction_id": SOME_ID}, 422, "is required: false or true"),
        ([SOME_ID], 422, "must be an object; send"),
        ([], 422, "at least 1 item"),
        ([say(SOME_ID)] * 1001, 422, "at most 1000 items"),
        ("text", 422, "an outcome, or a list of outcomes"),
        (None, 400, "the body is empty; send application/json or text/csv"),
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

    def beaten(self: FolderStore, key: str, body: bytes, **options: Any) -> str:
        create(self, key, body, **options)
        raise Conflict(key)

    monkeypatch.setattr(FolderStore, "create", beaten)
    _, new = labels.record(bench, id_, outcome=True, source="alice", key_id="5f3a91c2", request_id="")
    assert new is False
    assert bench.labels(id_) == [[("5f3a91c2/alice", True)]]


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

    def away(self: FolderStore, key: str, body: bytes, **options: Any) -> str:
        if not any(id_ in key for id_ in ids[:5]):
            raise StoreUnavailable("the store could not be reached")
        return create(self, key, body, **options)

    with monkeypatch.context() as patch:
        patch.setattr(FolderStore, "create", away)
        status, refusal = call("POST", "/feedback", [say(id_) for id_ in ids])
    assert (status, refusal["code"]) == (503, "STORE_UNAVAILABLE")
    answer = call("POST", "/feedback", [say(id_) for id_ in ids])[1]
    assert (answer["recorded"], answer["repeated"]) == (15, 5)
    assert bench.labels(*ids) == [[("5f3a91c2", True)]] * 20


def test_every_fault_of_a_body_is_named_with_its_place(call: Call, bench: Bench) -> None:
    body = [
        say(SOME_ID),
        {"id": SOME_ID, "survived": "perhaps", "source": "a/b"},
        say("x", True, outcome=1),
        7,
    ]
    status, refusal = call("POST", "/feedback", body)
    assert (status, refusal["code"]) == (422, "INVALID_INPUT")
    assert [(item["loc"][2:], item["type"]) for item in refusal["detail"]] == [
        ([1, "id"], "unknown"),
        ([1, "prediction_id"], "missing"),
        ([1, "survived"], "outcome"),
        ([1, "source"], "source"),
        ([2, "outcome"], "unknown"),
        ([2, "prediction_id"], "prediction_id"),
        ([3], "object"),
    ]
    assert all(item["loc"][:2] == ["body", "many"] for item in refusal["detail"])
    # What was sent is somebody's: only its name is said again.
    assert "perhaps" not in str(refusal)


@pytest.mark.parametrize(
    ("sent", "outcome"),
    [
        (True, True),
        (1, True),
        (1.0, True),
        ("yes", True),
        ("T", True),
        (0, False),
        ("No", False),
        ("0", False),
    ],
)
def test_an_outcome_is_said_in_any_of_its_words_and_answered_in_its_own(
    call: Call, bench: Bench, sent: object, outcome: bool
) -> None:
    [id_] = bench.predict(0.4)
    status, receipt = call("POST", "/feedback", {"prediction_id": id_, "Survival": sent})
    assert (status, receipt["survived"]) == (200, outcome)
    assert bench.labels(id_) == [[("5f3a91c2", outcome)]]


@pytest.mark.parametrize(
    ("name", "sent", "word", "outcome"),
    [
        ("churned", "yes", "yes", True),
        ("Churned", "NO", "no", False),
        ("left us", True, "yes", True),
        ("churned", 0, "no", False),
    ],
)
def test_another_models_target_has_its_own_name_and_words(
    call: Call, churn: Bench, name: str, sent: object, word: str, outcome: bool
) -> None:
    [id_] = churn.predict(0.4)
    status, receipt = call("POST", "/models/churn/feedback", {"prediction_id": id_, name: sent})
    assert (status, receipt["status"]) == (200, "recorded")
    assert list(receipt) == ["prediction_id", "status", "churned", "source", "labelled_at", "error"]
    assert receipt["churned"] == word
    assert churn.labels(id_) == [[("5f3a91c2", outcome)]]


def test_what_another_model_calls_its_outcome_is_refused_in_this_ones_words(call: Call, churn: Bench) -> None:
    [id_] = churn.predict(0.4)
    status, refusal = call("POST", "/models/churn/feedback", say(id_))
    assert status == 422
    assert {tuple(item["loc"]): item["msg"] for item in refusal["detail"]} == {
        ("body", "one", "survived"): (
            'is nothing of an outcome; send `prediction_id`, `churned`: "no" or "yes", and, if it is not '
            "you who says so, `source`; a `note`, if there is one; `unsure`: true in place of `churned` "
            "from who does not know"
        ),
        ("body", "one", "churned"): 'is required: "no" or "yes"',
    }


def test_predictions_of_one_model_are_unknown_to_another(call: Call, bench: Bench, churn: Bench) -> None:
    [ours], [theirs] = bench.predict(0.4), churn.predict(0.4)
    status, refusal = call("POST", "/feedback", say(theirs))
    assert (status, refusal["code"]) == (404, "NOT_FOUND")
    assert "of this model" in refusal["error"]
    assert call("POST", "/models/churn/feedback", {"prediction_id": ours, "churned": 1})[0] == 404
    assert call("POST", "/models/titanic/feedback", say(ours))[0] == 200
    assert call("POST", "/models/churn/feedback", {"prediction_id": theirs, "churned": 1})[0] == 200
    assert (bench.labels(ours), churn.labels(theirs)) == ([[("5f3a91c2", True)]], [[("5f3a91c2", True)]])
    assert bench.labels(theirs) == churn.labels(ours) == [[]]


def test_where_the_target_has_one_of_lifeboats_names_that_one_gives_way(call: Call, bench: Bench) -> None:
    schema = parse_schema(
        {
            "fields": [
                {"name": "amount", "type": "number"},
                {"name": "Source", "type": "string", "categories": ["organic", "paid"]},
            ],
            "target": {"field": "Source", "positive": "paid"},
        }
    )
    leads = Bench(bench.root, "leads", schema, {"amount": 1.0})
    [id_] = leads.predict(0.4)
    body = {"prediction_id": id_, "source": "Paid", "lifeboat_source": "alice"}
    status, receipt = call("POST", "/models/leads/feedback", body)
    assert status == 200
    assert (receipt["Source"], receipt["lifeboat_source"]) == ("paid", "5f3a91c2/alice")
    assert leads.labels(id_) == [[("5f3a91c2/alice", True)]]


def test_labels_of_before_names_stood_below_keys_are_read_and_count_for_themselves(
    call: Call, bench: Bench
) -> None:
    [id_] = bench.predict(0.4)
    bench.put(f"feedback/dt={NOW:%Y-%m-%d}/{id_}/000001-1-alice.json", b"{}")
    assert bench.labels(id_) == [[("alice", True)]]
    assert call("POST", "/feedback", say(id_, False, source="alice"))[1]["status"] == "recorded"
    assert bench.labels(id_) == [[("alice", True), ("5f3a91c2/alice", False)]]


def test_what_is_no_label_of_its_day_is_passed_over(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """One such name took the labelling routes and the monitor down: its id has no time."""
    [id_] = bench.predict(0.4)
    today = f"feedback/dt={NOW:%Y-%m-%d}"
    bench.put(f"{today}/{'0' * 8}-0000-4000-8000-{'0' * 12}/000001-1-alice.json", b"{}")
    bench.put(f"{today}/{'-' * 36}/000001-1-alice.json", b"{}")
    bench.put(f"feedback/dt={NOW - timedelta(days=1):%Y-%m-%d}/{id_}/000001-1-alice.json", b"{}")
    bench.put(f"{today}/{id_}/000000-1-alice.json", b"{}")
    days = [NOW.date(), (NOW - timedelta(days=1)).date()]
    assert labels.read_labels(bench, days) == {}
    assert '"objects": 3' in capsys.readouterr().out


def test_outcomes_of_many_days_are_refused_before_the_store_is_asked(call: Call, bench: Bench) -> None:
    ids = [ids_of(1, NOW - timedelta(days=day))[0] for day in range(32)]
    assert call("POST", "/feedback", [say(id_) for id_ in ids[:31]])[0] == 200
    status, refusal = call("POST", "/feedback", [say(id_) for id_ in ids])
    assert (status, refusal["code"]) == (422, "INVALID_INPUT")
    assert "of 32 different days, and one request takes those of 31" in refusal["error"]
