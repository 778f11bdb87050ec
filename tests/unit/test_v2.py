"""The Open Inference Protocol, version 2: its tensors in all their forms, its metadata, its errors."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from functions.core.folder_store import FolderStore
from functions.core.limits import MOST_BATCH_BYTES
from functions.core.promotion import read_champion
from functions.core.registry import published as published_versions
from functions.predict import service
from functions.predict.batch import MOST_ROWS
from tests.conftest import Call, Send

INFER = "/v2/models/titanic/infer"
PASSENGERS = [
    {"pclass": 1, "sex": "female", "age": 29.5, "sibsp": 0, "fare": 211.34, "embarked": "S", "title": "Miss"},
    {"pclass": 3, "sex": "male", "age": None, "sibsp": 1, "fare": 7.25, "embarked": None, "title": None},
    {"pclass": 2, "sex": "female", "age": 0.92, "sibsp": 20, "fare": None, "embarked": "Q", "title": "Mrs"},
]
WORDS = ("sex", "embarked", "title")
Tensor = dict[str, Any]


def column(name: str) -> list[Any]:
    return [passenger[name] for passenger in PASSENGERS]


def tensor(name: str, datatype: str, data: Sequence[Any], shape: list[int] | None = None) -> Tensor:
    return {"name": name, "datatype": datatype, "shape": shape or [len(data)], "data": list(data)}


def tensors() -> list[Tensor]:
    """`PASSENGERS`, one tensor per feature."""
    return [tensor(name, "BYTES" if name in WORDS else "FP64", column(name)) for name in PASSENGERS[0]]


PERSON = [tensor("pclass", "INT64", [3]), tensor("sex", "BYTES", ["male"])]


def request(*inputs: Tensor, **more: Any) -> str:
    return json.dumps({"inputs": inputs, **more})


def as_bytes(*inputs: Tensor) -> tuple[bytes, dict[str, str]]:
    """The same with the values behind the JSON, and the headers that go with it."""
    binary = b""
    described = []
    for one in inputs:
        if one["datatype"] == "BYTES":
            words = [(word or "").encode() for word in one["data"]]
            chunk = b"".join(len(word).to_bytes(4, "little") + word for word in words)
        else:
            kind = (
                one["datatype"].replace("FP", "float").replace("INT", "int").replace("Uint", "uint").lower()
            )
            chunk = np.array(one["data"], dtype=kind).tobytes()
        binary += chunk
        described.append({**one, "parameters": {"binary_data_size": len(chunk)}})
        del described[-1]["data"]
    head = request(*described).encode()
    headers = {
        "content-type": "application/octet-stream",
        "inference-header-content-length": str(len(head)),
    }
    return head + binary, headers


def survival(answer: dict[str, Any]) -> list[float]:
    found: list[float] = next(
        one["data"][1::2] for one in answer["outputs"] if one["name"] == "probabilities"
    )
    return found


@pytest.fixture
def expected(call: Call) -> list[float]:
    """What /predict says of `PASSENGERS`."""
    return [call("POST", "/predict", json.dumps(one))[1]["probability"] for one in PASSENGERS]


@pytest.fixture
def version(published: Path) -> str:
    return read_champion(FolderStore(str(published)))[0].version


def test_tensors_are_scored_as_their_passengers_are_one_by_one(
    call: Call, expected: list[float], version: str
) -> None:
    status, answer = call("POST", INFER, request(*tensors(), id="42"))
    assert status == 200
    assert (answer["model_name"], answer["model_version"], answer["id"]) == ("titanic", version, "42")
    label, probabilities = answer["outputs"]
    assert (label["name"], label["datatype"], label["shape"]) == ("label", "INT64", [3])
    assert (probabilities["name"], probabilities["datatype"]) == ("probabilities", "FP32")
    assert probabilities["shape"] == [3, 2]
    assert survival(answer) == expected
    assert label["data"] == [int(one > 0.5) for one in expected]
    pairs = np.array(probabilities["data"], dtype=np.float32).reshape(3, 2)
    assert (pairs.sum(axis=1) == 1).all()


def test_an_answer_without_an_id_to_a_request_without_one(call: Call) -> None:
    assert "id" not in call("POST", INFER, request(*PERSON))[1]


@pytest.mark.parametrize("shape", [[3], [3, 1]])
@pytest.mark.parametrize("nested", [False, True])
def test_shapes_and_nesting_make_no_difference(
    call: Call, expected: list[float], shape: list[int], nested: bool
) -> None:
    inputs = [one | {"shape": shape} for one in tensors()]
    if nested and len(shape) == 2:
        inputs = [one | {"data": [[value] for value in one["data"]]} for one in inputs]
    assert survival(call("POST", INFER, request(*inputs))[1]) == expected


@pytest.mark.parametrize(
    "datatype",
    ["INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64", "FP16", "FP32", "FP64"],
)
@pytest.mark.parametrize("binary", [False, True])
def test_any_type_of_number_does(call: Call, expected: list[float], datatype: str, binary: bool) -> None:
    rest = [one for one in tensors() if one["name"] not in {"pclass", "sibsp"}]
    inputs = [*rest, *(tensor(name, datatype, column(name)) for name in ("pclass", "sibsp"))]
    body, headers = as_bytes(*inputs) if binary else (request(*inputs).encode(), {})
    assert survival(call("POST", INFER, body, headers=headers)[1]) == expected


def test_what_is_missing_may_be_null_nan_or_an_empty_string(call: Call, expected: list[float]) -> None:
    inputs = tensors()
    for one in inputs:
        one["data"] = [
            ("" if one["name"] in WORDS else float("nan")) if v is None else v for v in one["data"]
        ]
    assert survival(call("POST", INFER, request(*inputs))[1]) == expected


def test_a_tensor_left_out_is_a_feature_that_nobody_has(call: Call) -> None:
    _, alone = call("POST", "/predict", '{"pclass": 3, "sex": "male"}')
    assert survival(call("POST", INFER, request(*PERSON))[1]) == [alone["probability"]]


def test_a_name_counts_for_its_title_as_elsewhere(call: Call) -> None:
    name = "Ünal, Master. Çan"
    _, alone = call("POST", "/predict", json.dumps({"pclass": 3, "sex": "male", "name": name}))
    inputs = (*PERSON, tensor("Name", "BYTES", [name]))
    assert survival(call("POST", INFER, request(*inputs))[1]) == [alone["probability"]]
    body, headers = as_bytes(*inputs)
    assert survival(call("POST", INFER, body, headers=headers)[1]) == [alone["probability"]]


def test_outputs_are_those_asked_for_in_their_order(call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    outputs = [{"name": "prediction_id", "parameters": {"binary_data": True}}, {"name": "label"}]
    _, answer = call("POST", INFER, request(*PERSON, outputs=outputs))
    assert [(one["name"], one["datatype"], one["shape"]) for one in answer["outputs"]] == [
        ("prediction_id", "BYTES", [1]),
        ("label", "INT64", [1]),
    ]
    logged = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["prediction_id"] for one in logged if one["message"] == "prediction"] == (
        answer["outputs"][0]["data"]
    )


def test_parameters_and_what_extensions_add_are_passed_over(call: Call) -> None:
    inputs = [one | {"parameters": {"content_type": "np"}, "codec": 1} for one in PERSON]
    more = {"parameters": {"priority": 1}, "outputs": None, "id": None, "trace": True}
    assert call("POST", INFER, request(*inputs, **more))[0] == 200


def test_ten_thousand_rows_are_answered_in_one_request(call: Call) -> None:
    inputs = (tensor("pclass", "INT64", [3] * MOST_ROWS), tensor("sex", "BYTES", ["male"] * MOST_ROWS))
    status, answer = call("POST", INFER, request(*inputs))
    assert (status, len(set(survival(answer)))) == (200, 1)
    assert answer["outputs"][0]["shape"] == [MOST_ROWS]


def bad(changes: dict[str, Any]) -> str:
    return request(PERSON[0], PERSON[1] | changes)


BAD = {
    "no JSON": ("{", "not JSON"),
    "nothing": ("", "not JSON"),
    "no UTF-8": (b"\xff\xfe", "not JSON"),
    "deep": ("[" * 100_000, "not JSON"),
    "a list": ("[]", "object"),
    "no inputs": ("{}", "inputs: Field required"),
    "no tensor": ('{"inputs": []}', "inputs: List should have at least 1 item"),
    "an id that is a number": (request(*PERSON, id=42), "id: Input should be a valid string"),
    "a tensor without a shape": ('{"inputs": [{"name": "sex", "datatype": "BYTES"}]}', "inputs.0.shape"),
    "an unknown datatype": (bad({"datatype": "BOOL"}), "inputs.1.datatype: Input should be 'INT8'"),
    "an unknown output": (request(*PERSON, outputs=[{"name": "logits"}]), "outputs.0.name: Input should be"),
    "an unknown feature": (request(*PERSON, tensor("shoes", "INT64", [1])), "row 1, shoes: "),
    "a feature that is needed": (request(PERSON[1]), "row 1, pclass: Field required"),
    "a bad value": (request(*PERSON, tensor("age", "FP32", [130])), "row 1, age: Input should be less"),
    "infinity": (request(*PERSON, tensor("age", "FP32", [float("inf")])), "row 1, age: "),
    "a null that is needed": (bad({"data": [None]}), "row 1, sex: Field required"),
    "a number as BYTES": (request(*PERSON, tensor("age", "BYTES", ["29"])), "row 1, age: "),
    "a word as a number": (bad({"datatype": "FP32"}), "sex has values that are not FP32"),
    "a fraction as an integer": (
        request(*PERSON, tensor("age", "INT64", [0.5])),
        "age has values that are not INT64",
    ),
    "a boolean": (request(*PERSON, tensor("age", "INT64", [True])), "age has values that are not INT64"),
    "another shape": (bad({"shape": [1, 2]}), r"sex has to have the shape \[N\] or \[N, 1\]"),
    "no shape": (bad({"shape": []}), r"sex has to have the shape"),
    "no rows": (bad({"shape": [0], "data": []}), "N from 1 to 10000"),
    "a shape of too many rows": (bad({"shape": [10001]}), "N from 1 to 10000"),
    "too many rows": (bad({"data": ["male"] * 10001}), "inputs.1.data: List should have at most 10000"),
    "too many dimensions": (bad({"shape": ["x"] * 9}), "inputs.1.shape: List should have at most 8"),
    "too many outputs": (request(*PERSON, outputs=[{}] * 17), "outputs: List should have at most 16"),
    "too many tensors": (request(*[{"name": "x"}] * 65), "inputs: List should have at most 64"),
    "too long an id": (request(*PERSON, id="x" * 1001), "id: String should have at most 1000"),
    "fewer values": (bad({"shape": [2]}), "sex has 1 values, and a shape of 2"),
    "nested too deep": (bad({"shape": [1], "data": [["male"]]}), "sex has values that are not BYTES"),
    "no data": (bad({"data": None}), "sex has neither data nor"),
    "different lengths": (bad({"shape": [2], "data": ["male"] * 2}), "pclass has 1, sex has 2"),
    "the same twice": (request(*PERSON, PERSON[0]), "pclass is given twice"),
    "two spellings": (request(*PERSON, tensor("Sex", "BYTES", ["male"])), "two spellings"),
    "bytes that are not there": (
        bad({"parameters": {"binary_data_size": 8}}),
        "binary_data_size of the tensor sex",
    ),
    "a size that is no number": (
        bad({"parameters": {"binary_data_size": "8"}}),
        "binary_data_size of the tensor sex",
    ),
}


@pytest.mark.parametrize(("body", "reason"), BAD.values(), ids=BAD)
def test_a_bad_request_is_told_what_is_wrong_in_the_protocols_words(
    call: Call, body: str | bytes, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, answer = call("POST", INFER, body)
    assert status == 400
    assert re.search(reason, answer["error"]), answer["error"]
    assert '"prediction"' not in capsys.readouterr().out


@pytest.mark.parametrize("length", ["-1", "x", "", "1e3", "999999", "9" * 5000])
def test_a_header_length_that_cannot_be_is_refused(call: Call, length: str) -> None:
    headers = {"inference-header-content-length": length}
    status, answer = call("POST", INFER, request(*PERSON), headers=headers)
    assert status == 400
    assert "Inference-Header-Content-Length is not a number" in answer["error"]


def test_a_header_length_that_cuts_the_json_is_named(call: Call) -> None:
    # Triton's client leaves the header of one request in its caller's dictionary for the next.
    headers = {"inference-header-content-length": "20"}
    status, answer = call("POST", INFER, request(*PERSON), headers=headers)
    assert (status, answer["error"]) == (
        400,
        "what Inference-Header-Content-Length says is JSON, the first 20 bytes, is not",
    )


def test_bytes_that_do_not_add_up_are_refused(call: Call) -> None:
    body, headers = as_bytes(*PERSON)

    def refusal(body: bytes) -> str:
        status, answer = call("POST", INFER, body, headers=headers)
        assert status == 400
        return str(answer["error"])

    assert "1 bytes follow the JSON that are no tensor's" in refusal(body + b"x")
    assert "binary_data_size of the tensor sex" in refusal(body[:-1])
    assert "sex has bytes that are not 1 values of BYTES" in refusal(body[:-8] + b"\x09\0\0\0male")
    assert "sex has bytes that are not 1 values of BYTES" in refusal(body[:-8] + b"\x03\0\0\0male")
    assert "sex has bytes that are not 1 values of BYTES" in refusal(body[:-4] + b"\xff\xff\xff\xff")


@pytest.mark.parametrize("rows", [0, 2])
def test_bytes_of_another_number_of_rows_are_refused(call: Call, rows: int) -> None:
    body, headers = as_bytes(tensor("pclass", "INT64", [3] * rows, shape=[1]), PERSON[1])
    status, answer = call("POST", INFER, body, headers=headers)
    assert (status, answer["error"]) == (400, "the tensor pclass has bytes that are not 1 values of INT64")


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
        if f"models/{version}/" in entry.key:
            renamed = body.replace(version.encode(), other.encode())
            store.put(entry.key.replace(version, other), renamed)
    monkeypatch.setenv("LIFEBOAT_STORE", str(tmp_path))
    assert set(published_versions(store)) == {version, other}
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


@pytest.mark.parametrize("path", ["", "/ready", "/infer", "/versions/0123456789abcdef"])
def test_an_unknown_model_is_not_found(call: Call, path: str) -> None:
    status, answer = call("POST" if path == "/infer" else "GET", f"/v2/models/lusitania{path}")
    assert status == 404
    assert answer["error"] == "there is no model of that name; GET /v2/models tells which there is"


def test_health_is_told_without_a_key_and_without_a_model(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, event: Any
) -> None:
    nobody = {**event("http_predict")["requestContext"], "authorizer": None}
    assert call("GET", "/v2/health/live", requestContext=nobody) == (200, {"live": True})
    assert call("GET", "/v2/health/ready", requestContext=nobody) == (200, {"ready": True})
    service.service.cache_clear()
    monkeypatch.setenv("LIFEBOAT_STORE", str(tmp_path))
    assert call("GET", "/v2/health/live", requestContext=nobody) == (200, {"live": True})
    for path in ("/v2/health/ready", "/v2/models", "/v2/models/titanic/ready"):
        assert call("GET", path)[0] == 503


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
    status, answer = call("POST", INFER, request(*PERSON, padding="x" * MOST_BATCH_BYTES))
    assert (status, answer["code"]) == (413, "PAYLOAD_TOO_LARGE")


def test_the_document_describes_the_request_with_an_example_that_is_scored(call: Call, send: Send) -> None:
    document = json.loads(send("GET", "/openapi.json")["body"])
    body = document["paths"]["/v2/models/{name}/infer"]["post"]["requestBody"]
    schema = body["content"]["application/json"]["schema"]
    assert "$ref" not in json.dumps(schema)
    assert schema["properties"]["inputs"]["items"]["properties"]["datatype"]["enum"][0] == "INT8"
    assert call("POST", INFER, json.dumps(schema["example"]))[0] == 200
