"""The Open Inference Protocol, version 2: what is no request, in the protocol's words."""

import re
from typing import Any

import pytest

from tests.conftest import Call
from tests.predict.v2.tensors import INFER, PERSON, as_bytes, request, tensor


def bad(changes: dict[str, Any]) -> str:
    return request(PERSON[0], PERSON[1] | changes)


BAD = {
    "no JSON": ("{", "not JSON"),
    "nothing": ("", "the body is empty; send application/json"),
    "no UTF-8": (b"\xff\xfe", "not JSON"),
    "deep": ("[" * 100_000, "not JSON"),
    "a list": ("[]", "object"),
    "no inputs": ("{}", "inputs: Field required"),
    "no tensor": ('{"inputs": []}', "inputs: List should have at least 1 item"),
    "an id that is a number": (request(*PERSON, id=42), "id: Input should be a valid string"),
    "a tensor without a shape": ('{"inputs": [{"name": "sex", "datatype": "BYTES"}]}', "inputs.0.shape"),
    "an unknown datatype": (bad({"datatype": "INT7"}), "inputs.1.datatype: Input should be 'BOOL'"),
    "an unknown output": (request(*PERSON, outputs=[{"name": "logits"}]), "outputs.0.name: Input should be"),
    "an unknown feature": (request(*PERSON, tensor("shoes", "INT64", [1])), "row 1, shoes: "),
    "a feature that is needed": (request(PERSON[1]), "row 1, pclass: is required"),
    "a bad value": (request(*PERSON, tensor("age", "FP32", [130])), "row 1, age: must be a number from 0"),
    "infinity": (request(*PERSON, tensor("age", "FP32", [float("inf")])), "row 1, age: "),
    "a null that is needed": (bad({"data": [None]}), "row 1, sex: is required"),
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
    "too many tensors": (request(*[{"name": "x"}] * 1001), "inputs: List should have at most 1000"),
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
