"""MLflow's scoring protocol: four shapes of JSON and CSV lead to the same answers, or to a clear refusal."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from functions.core.http.limits import MAX_BATCH_BYTES, MAX_BODY_BYTES
from functions.core.schema.document.fields import MAX_FIELDS
from functions.predict import service
from functions.predict.rows import MAX_ROWS
from tests.conftest import Call, Send

NAN = float("nan")
COLUMNS = ["Pclass", "Sex", "Age", "SibSp", "Fare", "Embarked", "Name"]
ROWS: list[list[Any]] = [
    [1, "female", 29.5, 0, 211.34, "S", "Allen, Miss. Elisabeth Walton"],
    [3, "male", NAN, 1.0, 7.25, NAN, None],
    [2, "female", 0.92, 20, NAN, "Q", "Ünal, Mrs. Çan"],
]
RECORDS = [dict(zip(COLUMNS, row, strict=True)) for row in ROWS]
CSV = (
    "Pclass,Sex,Age,SibSp,Fare,Embarked,Name\n"
    '1,female,29.5,0,211.34,S,"Allen, Miss. Elisabeth Walton"\n'
    "3,male,,1,7.25,,\n"
    '2,female,0.92,20,,Q,"Ünal, Mrs. Çan"\n'
)
SHAPES: dict[str, Any] = {
    "dataframe_split": {"columns": COLUMNS, "index": [7, 8, 9], "data": ROWS},
    "dataframe_records": RECORDS,
    "instances": RECORDS,
    "inputs": {name: [row[name] for row in RECORDS] for name in COLUMNS},
}
BODIES = {
    **{name: (json.dumps({name: rows}), "application/json") for name, rows in SHAPES.items()},
    "inputs as records": (json.dumps({"inputs": RECORDS}), "application/json"),
    "null for the others": (
        json.dumps({"instances": RECORDS, "inputs": None, "params": {}}),
        "application/json",
    ),
    "a charset": (json.dumps({"instances": RECORDS}), "application/json; charset=utf-8"),
    "text/csv": (CSV, "text/csv"),
    "application/csv": (CSV, "application/csv; charset=utf-8"),
}


def without_gaps(record: dict[str, Any]) -> str:
    return json.dumps({name: value for name, value in record.items() if value == value})


@pytest.fixture
def invoke(call: Call) -> Callable[..., tuple[int, dict[str, Any]]]:
    def invoke(body: Any, content_type: str = "application/json") -> tuple[int, dict[str, Any]]:
        text = body if isinstance(body, (str, bytes)) else json.dumps(body)
        return call("POST", "/invocations", text, headers={"content-type": content_type})

    return invoke


@pytest.mark.parametrize(("body", "content_type"), BODIES.values(), ids=BODIES)
def test_each_shape_is_scored_as_its_rows_are_one_by_one(
    call: Call, invoke: Any, body: str, content_type: str, capsys: pytest.CaptureFixture[str]
) -> None:
    alone = [call("POST", "/predict", without_gaps(record))[1] for record in RECORDS]
    capsys.readouterr()
    status, answer = invoke(body.encode(), content_type)
    assert status == 200
    assert [set(one) for one in answer["predictions"]] == [{"survived", "probability", "prediction_id"}] * 3
    for found, expected in zip(answer["predictions"], alone, strict=True):
        assert (found["survived"], found["probability"]) == (expected["survived"], expected["probability"])
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    logged = [line["prediction_id"] for line in lines if line["message"] == "prediction"]
    assert logged == [one["prediction_id"] for one in answer["predictions"]]


ONE = {"pclass": 3, "sex": "male"}
BAD: dict[str, tuple[Any, int, str]] = {
    "no JSON": ("{", 400, "not JSON"),
    "nothing": ("", 400, "the body is empty; send application/json or text/csv"),
    "a list": ([ONE], 422, "body"),
    "no shape": ({}, 422, "exactly one of dataframe_split, dataframe_records, instances and inputs"),
    "two shapes": ({"inputs": [ONE], "instances": [ONE]}, 422, "exactly one of"),
    "another shape": ({"dataframe_tight": [ONE]}, 422, "dataframe_tight"),
    "parameters": (
        {"instances": [ONE], "params": {"threshold": 0.4}},
        422,
        "no parameters: leave params out",
    ),
    "no rows": ({"instances": []}, 422, "0 rows were sent"),
    "no columns": ({"inputs": {}}, 422, "0 rows were sent"),
    "too many rows": ({"instances": [ONE] * (MAX_ROWS + 1)}, 422, "at most 10000 items"),
    "rows without names": ({"instances": [[3, "male"]]}, 422, "instances"),
    "a row too short": (
        {"dataframe_split": {"columns": ["pclass", "sex"], "data": [[3, "male"], [3]]}},
        422,
        "row 2 of dataframe_split has 1 values for 2 columns",
    ),
    "a column twice": (
        {"dataframe_split": {"columns": ["sex", "sex"], "data": [["male", "male"]]}},
        422,
        "two columns of the same name",
    ),
    "columns of different lengths": ({"inputs": {"pclass": [3], "sex": []}}, 422, "different lengths"),
    "a bad row": (
        {"instances": [ONE, {**ONE, "age": 130}]},
        422,
        "1 of 2 rows are bad and nothing was scored; row 2, age",
    ),
    "infinity": ({"instances": [{**ONE, "age": float("inf")}]}, 422, "row 1, age"),
    "a gap that is needed": ({"instances": [{"pclass": 3, "sex": NAN}]}, 422, "row 1, sex"),
}


@pytest.mark.parametrize(("body", "status", "reason"), BAD.values(), ids=BAD)
def test_a_bad_body_is_refused_and_nothing_is_scored(
    invoke: Any, body: Any, status: int, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found, answer = invoke(body)
    assert found == status
    assert set(answer) == {"error", "code", "detail", "request_id"}
    assert reason in json.dumps(answer)
    assert '"prediction"' not in capsys.readouterr().out


MANY = [1] * (MAX_ROWS + 1)
MANY_KEYS = {f"x{number}": 1 for number in range(MAX_FIELDS + 1)}
ENDLESS: dict[str, Any] = {
    "records": {"dataframe_records": MANY},
    "instances": {"instances": MANY},
    "inputs as records": {"inputs": MANY},
    "inputs as columns": {"inputs": MANY_KEYS},
    "a column": {"inputs": {"pclass": MANY}},
    "data": {"dataframe_split": {"columns": ["pclass"], "data": MANY}},
    "columns": {"dataframe_split": {"columns": [1] * (MAX_FIELDS + 1), "data": []}},
}


@pytest.mark.parametrize("body", ENDLESS.values(), ids=ENDLESS)
def test_what_has_no_end_is_told_its_limit_and_not_each_of_its_faults(invoke: Any, body: Any) -> None:
    status, answer = invoke(body)
    assert status == 422
    limits = [one for one in answer["detail"] if "at most" in one["msg"]]
    # `inputs` can be two things, and is told what it lacks to be the other.
    assert len(limits) >= 1
    assert len(answer["detail"]) - len(limits) <= 1


def test_a_bad_row_is_named_in_the_detail(invoke: Any) -> None:
    _, answer = invoke({"instances": [ONE, {**ONE, "age": -1}, {**ONE, "sex": "both"}]})
    assert [one["loc"] for one in answer["detail"]] == [["body", "row 2", "age"], ["body", "row 3", "sex"]]


def test_a_bad_row_of_csv_is_refused_too(invoke: Any) -> None:
    status, answer = invoke("pclass,sex\n3,male\n4,male\n", "text/csv")
    assert (status, answer["detail"][0]["loc"]) == (422, ["body", "row 2", "pclass"])


@pytest.mark.parametrize("content_type", ["application/x-parquet", "text/plain", ""])
def test_another_type_is_told_what_to_send(invoke: Any, content_type: str) -> None:
    status, answer = invoke({"instances": [ONE]}, content_type)
    assert (status, answer["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert "application/json or text/csv" in answer["error"]


def test_ping_answers_anybody_when_there_is_a_model(
    call: Call, event: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = {**event("http_predict")["requestContext"], "authorizer": None}
    assert call("GET", "/ping", requestContext=nobody) == (200, {"ready": True})
    service.service.cache_clear()
    monkeypatch.setenv("LIFEBOAT_STORE", str(tmp_path))
    status, answer = call("GET", "/ping", requestContext=nobody)
    assert (status, answer["code"]) == (503, "NO_CHAMPION")


def test_the_version_is_plain_text(call: Call, send: Send) -> None:
    answer = send("GET", "/version")
    assert answer["headers"]["content-type"].startswith("text/plain")
    assert answer["body"] == call("GET", "/openapi.json")[1]["info"]["version"]


@pytest.mark.parametrize(
    ("path", "most"),
    [("/predict", MAX_BODY_BYTES), ("/invocations", MAX_BATCH_BYTES), ("/predict/batch", MAX_BATCH_BYTES)],
)
def test_a_path_reads_as_much_as_its_rows_need(call: Call, path: str, most: int) -> None:
    assert call("POST", path, "[" + " " * (most - 2) + "]")[0] == 422
    status, answer = call("POST", path, "[" + " " * (most - 1) + "]")
    cure = "many rows by POST /predict/batch" if path == "/predict" else "as a file by POST /scoring"
    assert status == 413
    assert answer["error"].startswith(f"the body is larger than {most} bytes; send ")
    assert answer["error"].endswith(cure)


def test_the_examples_in_the_document_are_scored(call: Call, invoke: Any) -> None:
    _, document = call("GET", "/openapi.json")
    content = document["paths"]["/invocations"]["post"]["requestBody"]["content"]
    assert invoke(content["application/json"]["example"])[0] == 200
    assert invoke(content["text/csv"]["example"], "text/csv")[0] == 200


EXTRAS: dict[str, Any] = {
    "records": {"dataframe_records": [{**ONE, "shoes": 1}, {**ONE, "Boat": "x"}]},
    "instances": {"instances": [{**ONE, "shoes": 1, "Boat": None}, ONE]},
    "split": {
        "dataframe_split": {
            "columns": [*ONE, "shoes", "Boat"],
            "data": [[*ONE.values(), 1, 2], [*ONE.values(), 1, 2]],
        }
    },
    "inputs": {
        "inputs": {**{name: [value] * 2 for name, value in ONE.items()}, "shoes": [1, 2], "Boat": [1, 2]}
    },
}


@pytest.mark.parametrize("body", EXTRAS.values(), ids=EXTRAS)
def test_what_is_no_field_is_passed_over_and_said(send: Any, body: dict[str, Any]) -> None:
    plain = json.loads(send("POST", "/invocations", json.dumps({"instances": [ONE, ONE]}))["body"])
    answer = send("POST", "/invocations", json.dumps(body))
    probabilities = [row["probability"] for row in json.loads(answer["body"])["predictions"]]
    assert probabilities == [row["probability"] for row in plain["predictions"]]
    assert answer["headers"]["x-columns-passed-over"] == "shoes,Boat"
    assert answer["headers"]["x-columns-used"].split(",") == [*ONE]
    assert "embarked" in answer["headers"]["x-columns-missing"] or "embarked" in ONE


def test_a_table_says_the_same(send: Any) -> None:
    headers = {"content-type": "text/csv"}
    answer = send("POST", "/invocations", "pclass,sex,shoes\n1,female,2\n", headers=headers)
    assert answer["headers"]["x-columns-passed-over"] == "shoes"
