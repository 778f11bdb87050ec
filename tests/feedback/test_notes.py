"""A note with an outcome, "don't know", and what whoever asked calls a row."""

import csv
import io
from typing import Any

import pytest

from functions.feedback import export as exporting
from functions.feedback.handler import handler
from tests.feedback.bench import Bench, Call, queue, say
from tests.support import gateway

BELOW = ["", "/models/titanic"]
EVIL = "=HYPERLINK(<script>)"


def exported(query: str = "", below: str = "") -> tuple[list[dict[str, str]], dict[str, Any]]:
    path = f"{below}/feedback/export?{query}"
    answer = gateway.send(handler, "GET", path, key_id="5f3a91c2", scopes="feedback")
    return list(csv.DictReader(io.StringIO(answer["body"]))), answer["headers"]


@pytest.mark.parametrize("below", BELOW)
def test_a_note_and_a_reference_are_exported_and_no_formula_is_among_them(
    call: Call, bench: Bench, below: str
) -> None:
    [first] = bench.predict(0.5, reference=EVIL)
    [second] = bench.predict(0.5)
    body = [say(first, note=f" {EVIL} "), say(second, note=None)]
    assert call("POST", f"{below}/feedback", body)[0] == 200
    rows, _ = exported(below=below)
    assert {(row["reference"], row["note"]) for row in rows} == {(f"'{EVIL}", f"'{EVIL}"), ("", "")}


@pytest.mark.parametrize("note", [7, "x" * 501, "a\x00b", ["a"], "\ud800"])
def test_what_is_no_note_is_refused_and_nothing_is_kept(call: Call, bench: Bench, note: object) -> None:
    [id_] = bench.predict(0.5)
    status, refusal = call("POST", "/feedback", say(id_, note=note))
    assert (status, refusal["detail"][0]["loc"], refusal["detail"][0]["type"]) == (
        422,
        ["body", "one", "note"],
        "note",
    )
    assert list(bench.list("feedback/")) == []


def test_notes_that_take_long_to_read_end_a_page(
    call: Call, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "MAX_NOTES", 2)
    ids = bench.predict(*[0.5] * 5)
    call("POST", "/feedback", [say(id_, note=f"note {place}") for place, id_ in enumerate(ids)])
    rows, headers = exported()
    assert [row["note"] for row in rows] == ["note 0", "note 1"]
    assert [row["note"] for row in exported(f"after={headers['x-next']}")[0]] == ["note 2", "note 3"]


@pytest.mark.parametrize("below", BELOW)
def test_who_does_not_know_is_not_asked_again_and_has_labelled_nothing(
    call: Call, bench: Bench, below: str
) -> None:
    [id_, other] = bench.predict(0.5, 0.5)
    assert sorted(queue(call, below=below)) == sorted([id_, other])
    unsure = {"prediction_id": id_, "unsure": True, "note": "ask Bob"}
    status, receipt = call("POST", f"{below}/feedback", unsure)
    assert (status, receipt["status"], receipt["survived"]) == (200, "recorded", None)
    assert call("POST", f"{below}/feedback", unsure)[1]["status"] == "repeated"
    assert bench.labels(id_) == [[]]
    assert queue(call, below=below) == [other]
    # At once, and not when the lease ends, somebody else may know.
    assert queue(call, below=below, key="b0b00000") == [id_]
    found = call("GET", f"{below}/feedback/progress")[1]
    assert (found["labelled"], found["unsure"], found["labels"]) == (0, 1, 0)
    call("POST", f"{below}/feedback", say(id_), key="b0b00000")
    found = call("GET", f"{below}/feedback/progress")[1]
    assert (found["labelled"], found["unsure"]) == (1, 0)
    # Who learns of it may say so.
    call("POST", f"{below}/feedback", say(id_, False))
    assert len(bench.labels(id_)[0]) == 2


def test_unsure_stands_in_place_of_the_outcome(call: Call, bench: Bench) -> None:
    [id_] = bench.predict(0.5)
    status, refusal = call("POST", "/feedback", say(id_, unsure=True))
    assert (status, refusal["detail"][0]["type"]) == (422, "contradiction")
    assert call("POST", "/feedback", say(id_, unsure="yes"))[0] == 422
    assert call("POST", "/feedback", {"prediction_id": id_, "unsure": False})[0] == 422
    status, refusal = call("POST", "/feedback", [say(id_), {"prediction_id": id_, "unsure": True}])
    assert (status, refusal["detail"][0]["type"]) == (422, "contradiction")
    assert list(bench.list("feedback/")) == []
    assert call("POST", "/feedback", say(id_, unsure=False))[0] == 200


def test_the_queue_tells_whom_a_row_is_about_and_equal_rows_of_others_are_no_twins(
    call: Call, bench: Bench
) -> None:
    for reference in ("anna", "anna", "berta", None, None):
        bench.predict(0.5, features={"fare": 1.0}, reference=reference)
    items = call("GET", "/feedback/queue")[1]["items"]
    assert sorted((item["reference"] or "", item["stands_for"]) for item in items) == [
        ("", 2),
        ("anna", 2),
        ("berta", 1),
    ]


def test_where_more_labels_are_wanted_a_row_goes_on_as_soon_as_it_is_labelled(
    call: Call, bench: Bench
) -> None:
    [id_] = bench.predict(0.5)
    assert queue(call, "wanted=2") == [id_]
    assert queue(call, "wanted=2", key="b0b00000") == []
    call("POST", "/feedback", say(id_))
    assert queue(call, "wanted=2", key="b0b00000") == [id_]
    # And is then that one's alone.
    assert queue(call, "wanted=2", key="ca101000") == []
