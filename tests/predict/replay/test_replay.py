"""GET /predictions/{id} and POST /predictions/{id}/replay, through the predict function's handler."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from functions.core.base.ids import new_ids
from functions.core.predictions.records import folder
from functions.core.registry import versions
from functions.core.storage.folder import FolderStore
from functions.core.storage.view import ModelStore
from functions.predict.service import service
from tests.conftest import Call

PASSENGERS = [
    {"pclass": 1, "sex": "female", "age": 29, "fare": 211.34, "name": "Allen, Miss. Elisabeth Walton"},
    {"pclass": 3, "sex": "male"},
    {"pclass": 2, "sex": "male", "age": 0.6667, "fare": 14.4583, "sibsp": 1, "parch": 1, "embarked": "C"},
]


@pytest.fixture
def store(published: Path, tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> FolderStore:
    """The store that `call` asks: a copy, to be written to."""
    monkeypatch.setenv("LIFEBOAT_STORE", str(tmp_path))
    copy, original = FolderStore(str(tmp_path)), FolderStore(str(published))
    for entry in original.list(""):
        copy.put(entry.key, original.get(entry.key).body)
    return copy


@pytest.fixture
def shipped(store: FolderStore, call: Call, capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Answers, alone and in a batch, whose lines of the log have arrived in the store."""
    answers = [call("POST", "/predict", json.dumps(passenger))[1] for passenger in PASSENGERS]
    answers += call("POST", "/predict/batch", json.dumps({"passengers": PASSENGERS}))[1]["predictions"]
    lines = [line for line in capsys.readouterr().out.splitlines(keepends=True) if '"prediction"' in line]
    store.put(folder(datetime.now(UTC)) + "a.jsonl", "".join(lines).encode())
    return answers


def test_a_logged_prediction_is_told_without_who_asked(call: Call, shipped: list[dict[str, Any]]) -> None:
    status, found = call("GET", f"/predictions/{shipped[0]['prediction_id']}")
    assert status == 200
    assert found.pop("timestamp").startswith(str(datetime.now(UTC).year))
    assert found == {
        "prediction_id": shipped[0]["prediction_id"],
        "model": "titanic",
        "version": shipped[0]["model"]["version"],
        "request_id": "JKJaXmPLvHcESHA=",
        "probability": shipped[0]["probability"],
        "reference": None,
        "features": {
            "pclass": 1,
            "sex": "female",
            "age": 29,
            "sibsp": None,
            "parch": None,
            "fare": 211.33999633789062,
            "embarked": None,
            "title": "Miss",
        },
    }


def test_a_prediction_made_again_is_the_same_to_the_last_bit(
    call: Call, shipped: list[dict[str, Any]]
) -> None:
    version = service().champion("titanic").served.version
    for answer in shipped:
        found = call("POST", f"/predictions/{answer['prediction_id']}/replay")
        expected = {"recorded": answer["probability"], "replayed": answer["probability"]}
        assert found == (200, {"identical": True, "version": version, **expected})


def test_a_record_that_was_tampered_with_does_not_pass(
    call: Call, store: FolderStore, shipped: list[dict[str, Any]]
) -> None:
    [entry] = store.list("predictions/")
    body = store.get(entry.key).body
    store.put(entry.key, body.replace(b'"age":29.0', b'"age":59.0'))
    _, found = call("POST", f"/predictions/{shipped[0]['prediction_id']}/replay")
    assert found["identical"] is False
    assert found["recorded"] == shipped[0]["probability"] != found["replayed"]


def test_a_prediction_of_a_deleted_version_can_be_read_but_not_made_again(
    call: Call, store: FolderStore, shipped: list[dict[str, Any]]
) -> None:
    version = shipped[0]["model"]["version"]
    versions.delete_version(ModelStore(store, "titanic"), version)
    service.cache_clear()
    path = f"/predictions/{shipped[0]['prediction_id']}"
    status, answer = call("POST", f"{path}/replay")
    assert (status, answer["code"]) == (404, "NOT_FOUND")
    assert answer["error"].startswith(f"version {version}, which made this prediction, has been deleted")
    assert call("GET", path)[0] == 200


@pytest.mark.parametrize(("method", "end"), [("GET", ""), ("POST", "/replay")])
def test_a_prediction_that_is_not_there_is_told_to_come_later(
    call: Call, store: FolderStore, method: str, end: str
) -> None:
    status, answer = call(method, f"/predictions/{new_ids(1)[0]}{end}")
    assert (status, answer["code"]) == (404, "NOT_FOUND")
    assert "some minutes after the answer" in answer["error"]


@pytest.mark.parametrize(("method", "end"), [("GET", ""), ("POST", "/replay")])
def test_what_is_no_prediction_id_is_refused(call: Call, method: str, end: str) -> None:
    status, answer = call(method, f"/predictions/2c5ea4c0{end}")
    assert (status, answer["code"]) == (422, "INVALID_INPUT")
    assert "2c5ea4c0" not in json.dumps(answer)


@pytest.mark.parametrize(("method", "end"), [("GET", ""), ("POST", "/replay")])
def test_it_takes_a_key_with_the_scope_predict(
    call: Call, event: Callable[[str], dict[str, Any]], method: str, end: str
) -> None:
    context = event("http_predict")["requestContext"]
    context["authorizer"]["lambda"]["scopes"] = "feedback"
    status, answer = call(method, f"/predictions/{new_ids(1)[0]}{end}", requestContext=context)
    assert (status, answer["code"]) == (403, "FORBIDDEN")
