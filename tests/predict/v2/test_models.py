"""The Open Inference Protocol, version 2: what it tells of models and versions, and to whom."""

import json
from pathlib import Path
from typing import Any

import pytest

from functions.core.http.limits import MAX_BATCH_BYTES
from functions.core.registry.versions import published as published_versions
from functions.core.storage.folder import FolderStore
from functions.core.storage.view import ModelStore
from functions.predict import service
from tests.conftest import Call, Send
from tests.predict.v2.tensors import (
    INFER,
    PERSON,
    request,
    survival,
    tensor,
)


def test_the_model_is_described(call: Call, version: str) -> None:
    status, answer = call("GET", "/v2/models/titanic")
    assert (status, answer["name"], answer["versions"]) == (200, "titanic", [version])
    assert answer["platform"] == "onnxruntime_onnx"
    inputs = {one["name"]: (one["datatype"], one["shape"]) for one in answer["inputs"]}
    assert (inputs["age"], inputs["sex"]) == (("FP32", [-1, 1]), ("BYTES", [-1, 1]))
    assert [(one["name"], one["shape"]) for one in answer["outputs"]] == [
        ("label", [-1]),
        ("probabilities", [-1, 2]),
    ]
    assert call("GET", f"/v2/models/titanic/versions/{version}") == (200, answer)


def test_what_is_described_is_what_is_read(call: Call) -> None:
    _, described = call("GET", "/v2/models/titanic")
    values = {"pclass": 3, "sex": "male"}
    inputs = [
        tensor(one["name"], one["datatype"], [values.get(one["name"])], shape=[1, 1])
        for one in described["inputs"]
    ]
    _, answer = call("POST", INFER, request(*inputs))
    assert survival(answer) == survival(call("POST", INFER, request(*PERSON))[1])
    assert [one["name"] for one in answer["outputs"]] == [one["name"] for one in described["outputs"]]


def test_the_server_tells_what_it_is(call: Call) -> None:
    status, answer = call("GET", "/v2")
    assert (status, answer["name"]) == (200, "lifeboat")
    assert set(answer) == {"name", "version", "extensions"}
    assert call("GET", "/v2/models") == (200, {"models": ["titanic"]})


def test_the_model_and_its_versions_are_ready(call: Call, version: str) -> None:
    ready = (200, {"name": "titanic", "ready": True})
    assert call("GET", "/v2/models/titanic/ready") == ready
    assert call("GET", f"/v2/models/titanic/versions/{version}/ready") == ready


def test_any_published_version_can_be_asked(
    call: Call, published: Path, tmp_path: Path, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, other = FolderStore(str(tmp_path)), "0123456789abcdef"
    for entry in FolderStore(str(published)).list(""):
        body = FolderStore(str(published)).get(entry.key).body
        store.put(entry.key, body)
        if f"models/titanic/{version}/" in entry.key:
            renamed = body.replace(version.encode(), other.encode())
            store.put(entry.key.replace(version, other), renamed)
    monkeypatch.setenv("LIFEBOAT_STORE", str(tmp_path))
    assert set(published_versions(ModelStore(store, "titanic"))) == {version, other}
    for asked in (version, other):
        status, answer = call("POST", f"/v2/models/titanic/versions/{asked}/infer", request(*PERSON))
        assert (status, answer["model_version"]) == (200, asked)
    assert call("POST", INFER, request(*PERSON))[1]["model_version"] == version
    assert call("GET", "/v2/models/titanic")[1]["versions"] == sorted([version, other])


UNKNOWN = ["0123456789abcdef", "0", "..", "0123456789ABCDEF", "x" * 200]


@pytest.mark.parametrize("path", ["", "/ready", "/infer"])
@pytest.mark.parametrize("version", UNKNOWN)
def test_an_unknown_version_is_not_found(call: Call, version: str, path: str) -> None:
    method = "POST" if path == "/infer" else "GET"
    status, answer = call(method, f"/v2/models/titanic/versions/{version}{path}", request(*PERSON))
    assert (status, answer["code"]) == (404, "NOT_FOUND")
    assert answer["error"] == "there is no such version; GET /v2/models/titanic tells which are"


@pytest.mark.parametrize("path", ["", "/ready", "/infer"])
def test_an_unknown_model_is_not_found(call: Call, path: str) -> None:
    status, answer = call("POST" if path == "/infer" else "GET", f"/v2/models/lusitania{path}")
    assert status == 404
    assert answer["error"] == "there is no model of that name; GET /v2/models tells which there are"


def test_health_is_told_without_a_key_and_without_a_model(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, event: Any
) -> None:
    nobody = {**event("http_predict")["requestContext"], "authorizer": None}
    assert call("GET", "/v2/health/live", requestContext=nobody) == (200, {"live": True})
    assert call("GET", "/v2/health/ready", requestContext=nobody) == (200, {"ready": True})
    service.service.cache_clear()
    monkeypatch.setenv("LIFEBOAT_STORE", str(tmp_path))
    assert call("GET", "/v2/health/live", requestContext=nobody) == (200, {"live": True})
    for path in ("/v2/health/ready", "/v2/models/titanic/ready"):
        assert call("GET", path)[0] == 503
    assert call("GET", "/v2/models") == (200, {"models": []})


@pytest.mark.parametrize(("scopes", "status"), [("", 403), ("feedback", 403), ("admin", 200)])
def test_who_may_not_ask_is_told_in_the_protocols_words(
    call: Call, event: Any, scopes: str, status: int
) -> None:
    context = event("http_predict")["requestContext"]
    context["authorizer"]["lambda"]["scopes"] = scopes
    found, answer = call("POST", INFER, request(*PERSON), requestContext=context)
    assert found == status
    assert isinstance(answer.get("error", ""), str)
    assert ("error" in answer) is (status == 403)


def test_a_body_may_be_large_here_but_not_endless(call: Call) -> None:
    assert call("POST", INFER, request(*PERSON, padding="x" * 1_000_000, id="x" * 1_000))[0] == 200
    status, answer = call("POST", INFER, request(*PERSON, padding="x" * MAX_BATCH_BYTES))
    assert (status, answer["code"]) == (413, "PAYLOAD_TOO_LARGE")


def test_the_document_describes_the_request_with_an_example_that_is_scored(call: Call, send: Send) -> None:
    document = json.loads(send("GET", "/openapi.json")["body"])
    body = document["paths"]["/v2/models/{name}/infer"]["post"]["requestBody"]
    schema = body["content"]["application/json"]["schema"]
    assert "$ref" not in json.dumps(schema)
    assert schema["properties"]["inputs"]["items"]["properties"]["datatype"]["enum"][:2] == ["BOOL", "INT8"]
    assert call("POST", INFER, json.dumps(body["content"]["application/json"]["example"]))[0] == 200
