"""The schema for the next training: shown, written, and refused with all that is wrong with it."""

import json
from pathlib import Path
from typing import Any

import pytest

from functions.core.storage.folder import FolderStore
from functions.core.storage.view import SCHEMA, ModelStore
from tests.models.shelf import FIRST, Call, Shelf
from tests.support.churn import DOCUMENT


def test_a_schema_that_was_sent_is_shown_and_counts_from_the_next_upload_on(call: Call, shelf: Shelf) -> None:
    assert call("GET", "/models/titanic/schema")[0] == 404
    document = DOCUMENT | {"foreignKeys": []}
    assert call("PUT", "/models/titanic/schema", document) == (
        200,
        {
            "model": "titanic",
            "created": True,
            "counts": "from the next upload to datasets/titanic/ on",
            "notes": ["the key foreignKeys is not used"],
        },
    )
    assert call("GET", "/models/titanic/schema", scopes="predict") == (200, document)
    # The version in service keeps its own.
    record = call("GET", "/models/titanic")[1]
    assert (record["next_schema"], record["target"]["name"]) == (document, "survived")
    assert call("PUT", "/models/titanic/schema", DOCUMENT)[1]["created"] is False
    assert call("GET", "/models/titanic/schema") == (200, DOCUMENT)


def test_a_model_begins_with_its_schema(call: Call, shelf: Shelf, tmp_path: Path) -> None:
    assert call("GET", "/models/churn")[0] == 404
    assert call("PUT", "/models/churn/schema", DOCUMENT)[0] == 200
    assert json.loads((tmp_path / "schemas" / "churn.json").read_bytes()) == DOCUMENT
    assert [model["name"] for model in call("GET", "/models")[1]["models"]] == ["churn", "titanic"]


def test_what_pandas_writes_is_a_schema_with_rows_that_are_left_out(call: Call, shelf: Shelf) -> None:
    assert call("PUT", "/models/churn/schema", {"schema": DOCUMENT, "data": [{"paperless": True}]})[0] == 200
    assert call("GET", "/models/churn/schema") == (200, DOCUMENT)


@pytest.mark.parametrize("name", ["champion", "rollback", "Churn", "churn_2", "2churn", FIRST, "a" * 41])
def test_a_model_cannot_have_any_name(call: Call, shelf: Shelf, tmp_path: Path, name: str) -> None:
    status, answer = call("PUT", f"/models/{name}/schema", DOCUMENT)
    assert (status, answer["code"]) == (422, "INVALID_INPUT")
    assert "a model's name has 1 to 40 lower-case letters" in answer["error"]
    assert not (tmp_path / "schemas").exists()


def test_every_fault_of_a_schema_is_named_and_nothing_is_written(call: Call, shelf: Shelf) -> None:
    call("PUT", "/models/churn/schema", DOCUMENT)
    document = {
        "fields": [
            {"name": "a", "type": "number", "constraints": {"minimum": "low"}},
            {"name": "b", "type": "string", "categories": ["x", "X"]},
            {"type": "number"},
        ],
        "task": "regression",
        "target": {"field": "c"},
    }
    status, answer = call("PUT", "/models/churn/schema", document)
    assert (status, answer["code"]) == (422, "INVALID_INPUT")
    assert answer["error"] == "the schema does not fit; `detail` says how"
    assert [item["msg"] for item in answer["detail"]] == [
        "a: minimum is no number",
        "b: two of its categories are the same but for their case",
        "field 3 has no name",
        "target c is none of the fields; add it to them",
        "task is 'regression'; only two-class can be trained so far",
    ]
    assert all((item["loc"], item["type"]) == (["body"], "schema") for item in answer["detail"])
    assert call("GET", "/models/churn/schema") == (200, DOCUMENT)


def nested(depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for _ in range(depth):
        found = {"x": found}
    return found


@pytest.mark.parametrize(
    "odd",
    [
        {"example": float("nan")},
        {"example": float("inf")},
        {"title": "\ud800"},
        {"x": nested(60)},
        {"x": nested(400)},
    ],
    ids=["NaN", "infinity", "half a character", "depth", "great depth"],
)
def test_what_others_could_not_read_as_json_is_refused(call: Call, shelf: Shelf, odd: dict[str, Any]) -> None:
    fields = [DOCUMENT["fields"][0], {"name": "amount", "type": "number", **odd}, *DOCUMENT["fields"][1:]]
    status, answer = call("PUT", "/models/churn/schema", {**DOCUMENT, "fields": fields, **odd})
    assert (status, answer["code"]) == (422, "INVALID_INPUT")
    assert len(answer["detail"]) == 1
    assert call("GET", "/models/churn/schema")[0] == 404


@pytest.mark.parametrize("body", [[], "text", 7])
def test_what_is_no_object_is_no_schema(call: Call, shelf: Shelf, body: object) -> None:
    status, answer = call("PUT", "/models/churn/schema", body)
    assert (status, answer["code"]) == (422, "INVALID_INPUT")


@pytest.mark.parametrize("first", [True, False], ids=["create", "replace"])
def test_of_two_who_write_at_once_one_is_told_so(
    call: Call, shelf: Shelf, monkeypatch: pytest.MonkeyPatch, first: bool
) -> None:
    if not first:
        call("PUT", "/models/churn/schema", DOCUMENT)
    theirs = json.dumps(DOCUMENT | {"title": "theirs"}).encode()
    head = ModelStore.head

    def late(self: ModelStore, key: str, version_id: str | None = None) -> Any:
        try:
            return head(self, key, version_id)
        finally:
            # The store of these tests is a folder; the attribute's type says a store.
            FolderStore.put(self._store, self.full(key), theirs)  # type: ignore[arg-type]

    monkeypatch.setattr(ModelStore, "head", late)
    status, answer = call("PUT", "/models/churn/schema", DOCUMENT)
    assert (status, answer["code"]) == (409, "CONFLICT")
    assert "somebody else wrote the schema of the model churn first" in answer["error"]
    monkeypatch.undo()


@pytest.mark.parametrize(
    "damage",
    [b"{", b"[]", b"\xff", b'{"x": NaN}', b'{"x": "\\ud800"}', b'{"x": ' * 900 + b"1" + b"}" * 900],
    ids=["cut off", "no object", "no UTF-8", "NaN", "half a character", "deep"],
)
def test_a_damaged_schema_is_said_to_be_so_and_can_be_replaced(
    call: Call, shelf: Shelf, damage: bytes
) -> None:
    shelf.store.put(SCHEMA, damage)
    status, answer = call("GET", "/models/titanic/schema")
    assert (status, answer["code"]) == (503, "UNUSABLE_RECORD")
    assert "send another" in answer["error"]
    record = call("GET", "/models/titanic")[1]
    assert "the schema of the model titanic is damaged" in record["trouble"]
    assert record["target"]["name"] == "survived"
    assert call("PUT", "/models/titanic/schema", DOCUMENT)[0] == 200
