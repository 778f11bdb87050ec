"""The Open Inference Protocol, version 2: its tensors in all their forms are scored as passengers are."""

import json

import numpy as np
import pytest

from functions.predict.rows import MAX_ROWS
from tests.conftest import Call
from tests.predict.v2.tensors import (
    INFER,
    PERSON,
    WORDS,
    as_bytes,
    column,
    request,
    survival,
    tensor,
    tensors,
)


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
    inputs = (tensor("pclass", "INT64", [3] * MAX_ROWS), tensor("sex", "BYTES", ["male"] * MAX_ROWS))
    status, answer = call("POST", INFER, request(*inputs))
    assert (status, len(set(survival(answer)))) == (200, 1)
    assert answer["outputs"][0]["shape"] == [MAX_ROWS]
