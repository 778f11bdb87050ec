"""The predict function through its Lambda handler: answers, errors, and a champion that stays usable."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any
from uuid import UUID

import pytest

from functions.core.registry import deployment
from functions.core.storage.folder import FolderStore
from functions.core.storage.view import ModelStore
from functions.predict import service
from tests.conftest import Call, Send
from training.model.train import Trained
from training.table.dataset import Dataset

WOMAN = {"pclass": 1, "sex": "female", "age": 29}


def test_the_golden_event_is_scored(
    call: Call, event: Callable[[str], dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    status, answer = call("POST", "/predict", event("http_predict")["body"])
    assert status == 200
    assert answer["survived"] is True
    assert 0.5 < answer["probability"] <= 1
    assert answer["threshold"] == 0.5
    assert UUID(answer["prediction_id"]).version == 7
    assert answer["model"]["name"] == "titanic"
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (logged,) = [line for line in lines if line["message"] == "prediction"]
    assert logged["prediction_id"] == answer["prediction_id"]
    assert logged["request_id"] == "JKJaXmPLvHcESHA="


@pytest.mark.parametrize("query", ["", "?explain=true"])
def test_each_line_tells_how_long_its_own_request_had_been_worked_on(
    call: Call, capsys: pytest.CaptureFixture[str], query: str
) -> None:
    """By the fast path, and by the app that others take."""
    for _ in range(2):
        began = perf_counter()
        assert call("POST", f"/predict{query}", json.dumps(WOMAN))[0] == 200
        passed = (perf_counter() - began) * 1_000
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        [took] = [line["took_ms"] for line in lines if line["message"] == "prediction"]
        assert 0 < took <= passed


def test_a_woman_of_the_first_class_and_a_man_of_the_third_stand_on_the_right_sides(call: Call) -> None:
    _, woman = call("POST", "/predict", json.dumps(WOMAN))
    _, man = call("POST", "/predict", json.dumps({"Pclass": 3, "Sex": "male", "Age": 22, "Fare": 7.25}))
    assert woman["probability"] > 0.5 > man["probability"]


def test_the_name_is_never_logged(call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    call("POST", "/predict", json.dumps({**WOMAN, "name": "Secretive, Miss. Ada"}))
    assert "Secretive" not in capsys.readouterr().out


def test_a_body_may_arrive_as_base64(call: Call) -> None:
    body = base64.b64encode(json.dumps(WOMAN).encode()).decode()
    assert call("POST", "/predict", body, isBase64Encoded=True)[0] == 200


BAD_BODIES = {
    "not JSON": ("{", 400, "INVALID_JSON"),
    "empty": ("", 400, "UNREADABLE_BODY"),
    "no object": ("[1]", 422, "INVALID_INPUT"),
    "null": ("null", 422, "INVALID_INPUT"),
    "nothing in it": ("{}", 422, "INVALID_INPUT"),
    "wrong type": ('{"pclass": "first", "sex": "female"}', 422, "INVALID_INPUT"),
    "unknown field": ('{"pclass": 1, "sex": "female", "cabins": 1}', 422, "INVALID_INPUT"),
    "NaN": ('{"pclass": 1, "sex": "female", "age": NaN}', 400, "INVALID_JSON"),
    "infinity": ('{"pclass": 1, "sex": "female", "age": 1e400}', 400, "INVALID_JSON"),
    "a boolean for a number": ('{"pclass": 1, "sex": "female", "age": true}', 422, "INVALID_INPUT"),
    "age -1": ('{"pclass": 1, "sex": "female", "age": -1}', 422, "INVALID_INPUT"),
    "1 MB of junk": ("x" * 1_000_000, 413, "PAYLOAD_TOO_LARGE"),
    "1 MB of JSON": (json.dumps({**WOMAN, "name": "x" * 1_000_000}), 413, "PAYLOAD_TOO_LARGE"),
    "deep": ("[" * 100_000, 400, "INVALID_JSON"),
    "a number of 5,000 digits": ('{"pclass": ' + "9" * 5000 + "}", 400, "INVALID_JSON"),
    "a lone surrogate in a value": ('{"pclass": 1, "sex": "\\ud800"}', 400, "INVALID_JSON"),
    "a lone surrogate in a name": ('{"pclass": 1, "sex": "male", "\\ud800": 1}', 400, "INVALID_JSON"),
}


@pytest.mark.parametrize(("body", "status", "code"), BAD_BODIES.values(), ids=BAD_BODIES)
def test_a_bad_body_is_answered_in_the_envelope(call: Call, body: str, status: int, code: str) -> None:
    found, answer = call("POST", "/predict", body)
    assert (found, answer["code"]) == (status, code)
    assert set(answer) == {"error", "code", "detail", "request_id"}
    assert answer["request_id"] == "JKJaXmPLvHcESHA="
    assert "xxxx" not in json.dumps(answer)


def test_the_envelope_names_the_field(call: Call) -> None:
    _, answer = call("POST", "/predict", '{"pclass": 1, "sex": "female", "age": -1}')
    assert answer["detail"] == [
        {
            "loc": ["body", "age"],
            "msg": "must be a number from 0 to 120",
            "type": "number",
        }
    ]


def test_json_that_breaks_off_is_answered_with_the_place(call: Call) -> None:
    _, answer = call("POST", "/predict", '{"pclass": 1, "sex": female}')
    assert answer["error"] == "the body is not JSON in UTF-8; it stops being so at character 22"


def test_a_field_that_is_none_is_answered_with_the_nearest_of_the_first_three(call: Call) -> None:
    body = {"pclass": 1, "sex": "female", "agee": 29, "shoes": 1, "fares": 7, "embarkd": "S"}
    _, answer = call("POST", "/predict", json.dumps(body))
    assert {fault["loc"][1]: fault["msg"].partition("; ")[2] for fault in answer["detail"]} == {
        "agee": "did you mean age?",
        "shoes": "",
        "fares": "did you mean fare?",
        "embarkd": "",
    }


def test_a_parameter_that_is_neither_true_nor_false_is_told_so(call: Call) -> None:
    _, answer = call("POST", "/predict", json.dumps(WOMAN), rawQueryString="explain=maybe")
    assert [(fault["loc"], fault["msg"]) for fault in answer["detail"]] == [
        (["query", "explain"], "must be true or false")
    ]


def test_bytes_that_are_no_text_are_a_bad_request(call: Call) -> None:
    body = base64.b64encode(b"\xff\xfe").decode()
    assert call("POST", "/predict", body, isBase64Encoded=True)[0] == 400


def test_another_content_type_is_told_what_to_send(
    call: Call, event: Callable[[str], dict[str, Any]]
) -> None:
    headers = event("http_predict")["headers"] | {"content-type": "application/x-www-form-urlencoded"}
    status, answer = call("POST", "/predict", json.dumps(WOMAN), headers=headers)
    assert (status, answer["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert "application/json" in answer["error"]


def test_unknown_paths_and_methods_are_answered_in_the_envelope(call: Call) -> None:
    assert call("GET", "/nowhere")[1]["code"] == "NOT_FOUND"
    assert call("GET", "/predict")[1]["code"] == "METHOD_NOT_ALLOWED"


def test_an_unexpected_error_shows_nothing_of_itself(
    call: Call, send: Send, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def crash(*_: Any, **__: Any) -> None:
        raise RuntimeError("s3://private-bucket")

    monkeypatch.setattr(service.Service, "predict", crash)
    status, answer = call("POST", "/predict", json.dumps(WOMAN))
    assert (status, answer["code"]) == (500, "INTERNAL")
    assert send("POST", "/predict", json.dumps(WOMAN))["headers"]["cache-control"] == "no-store"
    assert "private-bucket" not in json.dumps(answer)
    assert "private-bucket" in capsys.readouterr().out


def test_health_and_model_describe_what_is_in_service(call: Call, published: Path) -> None:
    champion, _ = deployment.read_champion(ModelStore(FolderStore(str(published)), "titanic"))
    assert call("GET", "/health/live") == (200, {"live": True})
    assert call("GET", "/health/ready")[1] == {"ready": True, "version": champion.version, "warning": None}
    _, card = call("GET", "/model")
    assert card["version"] == champion.version
    assert card["dataset"]["rows"] == 1309
    assert card["certificate"]["label_flips"] == 0
    assert [tensor["name"] for tensor in card["signature"]["inputs"]][:2] == ["pclass", "sex"]


def test_the_example_in_the_document_is_scored(call: Call) -> None:
    _, document = call("GET", "/openapi.json")
    body = document["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]
    assert body["schema"] == {"$ref": "#/components/schemas/Row"}
    (example,) = document["components"]["schemas"]["Row"]["examples"]
    assert call("POST", "/predict", json.dumps(example))[0] == 200
    for path in document["paths"].values():
        for operation in path.values():
            assert operation["summary"]


def test_without_a_champion_it_is_alive_but_not_ready(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIFEBOAT_STORE", str(tmp_path))
    assert call("GET", "/health/live")[0] == 200
    for method, path, body in (("GET", "/health/ready", None), ("POST", "/predict", json.dumps(WOMAN))):
        status, answer = call(method, path, body)
        assert (status, answer["code"]) == (503, "NO_CHAMPION")
        assert "upload a dataset" in answer["error"]


def test_settings_that_do_not_fit_name_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LIFEBOAT_STORE", raising=False)
    monkeypatch.setenv("LIFEBOAT_REFRESH_SECONDS", "soon")
    with pytest.raises(SystemExit, match=r"LIFEBOAT_STORE.*LIFEBOAT_REFRESH_SECONDS"):
        service.PredictSettings.from_environment()


def test_served_probabilities_are_those_of_the_holdout(trained: Trained, titanic: Dataset) -> None:
    from training.model.evaluation import probabilities

    assert (probabilities(trained.model, titanic.judged[0], titanic.schema) == trained.probability).all()
