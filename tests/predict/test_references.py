"""`reference`, the caller's own words for a row: kept, sent back, and no part of what the model is given."""

import csv
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from functions.core.predictions.records import folder
from functions.core.schema.document.parsing import parse_schema
from functions.core.schema.rows import RowReader
from functions.core.storage.folder import FolderStore
from functions.predict.handler import full_app
from functions.predict.native.bodies import read_csv
from functions.predict.references import RULE
from functions.predict.rows import BadRow, read_row
from functions.predict.service import service
from tests.conftest import Call, Send

WOMAN = {"pclass": 1, "sex": "female"}
CUSTOMER = "Grüße <script>alert(1)</script>"
BELOW = ["", "/models/titanic"]


def logged(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [line for line in lines if line["message"] == "prediction"]


@pytest.mark.parametrize("below", BELOW)
@pytest.mark.parametrize("query", ["", "explain=true"], ids=["fast path", "app"])
def test_a_reference_comes_back_with_the_answer_and_stands_in_the_log(
    call: Call, capsys: pytest.CaptureFixture[str], below: str, query: str
) -> None:
    status, plain = call("POST", f"{below}/predict", json.dumps(WOMAN), query=query)
    status, answer = call(
        "POST", f"{below}/predict", json.dumps({**WOMAN, "reference": f" {CUSTOMER} "}), query=query
    )
    assert (status, answer["reference"]) == (200, CUSTOMER)
    assert answer["probability"] == plain["probability"]
    assert "reference" not in plain
    first, second = logged(capsys)
    assert second["reference"] == CUSTOMER
    assert "reference" not in first
    assert second["features"] == first["features"]


def test_a_row_with_a_reference_does_not_wake_the_framework(call: Call) -> None:
    full_app.cache_clear()
    route = {"route": "POST /models/{model}/predict", "pathParameters": {"model": "titanic"}}
    body = json.dumps({**WOMAN, "reference": "customer 17"})
    assert call("POST", "/models/titanic/predict", body, **route)[1]["reference"] == "customer 17"
    assert full_app.cache_info().currsize == 0


@pytest.mark.parametrize("nothing", [None, "", "   "])
def test_no_reference_is_none(call: Call, capsys: pytest.CaptureFixture[str], nothing: object) -> None:
    status, answer = call("POST", "/predict", json.dumps({**WOMAN, "reference": nothing}))
    assert (status, "reference" in answer) == (200, False)
    assert "reference" not in logged(capsys)[0]


BAD = [7, True, ["a"], {}, "x" * 101, "a\nb", "a\x00b", "a\u202eb"]


@pytest.mark.parametrize("bad", BAD)
def test_what_is_no_text_of_a_line_is_refused_beside_its_name(call: Call, bad: object) -> None:
    body = {**WOMAN, "pclass": 9, "reference": bad}
    status, refusal = call("POST", "/predict", json.dumps(body))
    assert status == 422
    assert refusal["detail"][1] == {"loc": ["body", "reference"], "msg": RULE, "type": "reference"}
    assert refusal["detail"][0]["loc"] == ["body", "pclass"]


@pytest.mark.parametrize("below", BELOW)
def test_each_row_of_a_batch_may_have_its_own(
    call: Call, capsys: pytest.CaptureFixture[str], below: str
) -> None:
    rows = [{**WOMAN, "reference": "a"}, WOMAN, {"pclass": 9, "reference": "c"}, {**WOMAN, "reference": 4}]
    status, answer = call("POST", f"{below}/predict/batch", json.dumps({"rows": rows}), query="partial=true")
    assert (status, [row.get("reference") for row in answer["predictions"]]) == (200, ["a", None])
    assert [(row["row"], row["field"], row.get("reference")) for row in answer["errors"]] == [
        (3, "pclass", "c"),
        (4, "reference", None),
    ]
    assert [line["reference"] for line in logged(capsys)] == ["a", None]
    status, refusal = call("POST", f"{below}/predict/batch", json.dumps({"rows": rows[3:]}))
    assert (status, refusal["detail"][0]["loc"]) == (422, ["body", "row 1", "reference"])


TABLE = "PassengerId,Pclass,Sex,Reference\n7,1,female,'=1+1\n8,9,female,b\n9,3,male,\n"


@pytest.mark.parametrize(
    ("query", "references"), [("", ["=1+1", "b", ""]), ("reference=passenger%20id", ["7", "8", "9"])]
)
def test_a_table_has_them_in_a_column(
    send: Send, capsys: pytest.CaptureFixture[str], query: str, references: list[str]
) -> None:
    headers = {"content-type": "text/csv"}
    answer = json.loads(
        send("POST", "/predict/batch", TABLE, query=f"partial=true&{query}", headers=headers)["body"]
    )
    assert [row.get("reference", "") for row in answer["predictions"]] == [references[0], references[2]]
    assert answer["errors"][0]["reference"] == references[1]
    used = "PassengerId" if query else "Reference"
    assert used in answer["columns"]["used"]
    assert used not in answer["columns"]["passed_over"]
    assert [line["reference"] for line in logged(capsys)] == [references[0], references[2] or None]
    # As CSV, in which nothing that a person wrote is run.
    headers |= {"accept": "text/csv"}
    text = send("POST", "/predict/batch", TABLE, query=f"partial=true&{query}", headers=headers)["body"]
    rows = list(csv.DictReader(text.splitlines()))
    assert rows[0]["reference"] == ("7" if query else "'=1+1")


def test_cells_that_are_no_reference_are_bad_rows(send: Send) -> None:
    table = f"pclass,sex,reference\n1,female,{'x' * 101}\n9,male,{'y' * 101}\n2,male,c\n"
    headers = {"content-type": "text/csv"}
    answer = json.loads(send("POST", "/predict/batch", table, headers=headers, query="partial=true")["body"])
    assert [(row["row"], row["field"]) for row in answer["errors"]] == [(1, "reference"), (2, "pclass")]
    assert [(row["row"], row["reference"]) for row in answer["predictions"]] == [(3, "c")]
    refused = send("POST", "/predict/batch", table, headers=headers)
    assert refused["statusCode"] == 422
    assert "2 of 3 rows are bad" in json.loads(refused["body"])["error"]


def test_a_column_that_is_not_there_and_a_column_of_json_are_refused(call: Call) -> None:
    headers = {"content-type": "text/csv"}
    status, refusal = call("POST", "/predict/batch", TABLE, query="reference=Ticket", headers=headers)
    assert (status, refusal["error"].startswith("no column is named Ticket")) == (422, True)
    status, refusal = call("POST", "/predict/batch", json.dumps({"rows": [WOMAN]}), query="reference=sex")
    assert (status, refusal["error"]) == (
        422,
        "`reference` names a column of a table: send CSV, or leave it out",
    )


def test_a_schema_with_a_field_of_that_name_keeps_it() -> None:
    fields = [
        {"name": "Reference", "type": "string", "categories": ["old", "new"]},
        {"name": "left", "type": "boolean"},
    ]
    reader = RowReader(parse_schema({"fields": fields, "target": {"field": "left", "positive": True}}))
    columns, references = read_row({"reference": "old"}, reader)
    assert (columns["Reference"].tolist(), references) == ([["old"]], None)
    with pytest.raises(BadRow):
        read_row({"reference": "customer 17"}, reader)
    rows = read_csv(b"reference,id\nold,7\n", reader, partial=False)
    assert (rows.columns["Reference"].tolist(), rows.references) == ([["old"]], None)
    assert read_csv(b"reference,id\nold,7\n", reader, partial=False, reference="id").references == ["7"]


def test_other_protocols_have_no_references(call: Call) -> None:
    body = json.dumps({"instances": [{**WOMAN, "reference": "a"}]})
    status, answer = call("POST", "/invocations", body)
    assert (status, "reference" in answer["predictions"][0]) == (200, False)
    tensors = [
        {"name": "pclass", "shape": [1, 1], "datatype": "INT64", "data": [1]},
        {"name": "sex", "shape": [1, 1], "datatype": "BYTES", "data": ["male"]},
        {"name": "reference", "shape": [1, 1], "datatype": "BYTES", "data": ["a"]},
    ]
    assert call("POST", "/v2/models/titanic/infer", json.dumps({"inputs": tensors}))[0] == 400


def test_a_reference_is_looked_up_with_its_prediction(
    published: Path,
    tmp_path: Path,
    call: Call,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("LIFEBOAT_STORE", str(tmp_path))
    service.cache_clear()
    store, original = FolderStore(str(tmp_path)), FolderStore(str(published))
    for entry in original.list(""):
        store.put(entry.key, original.get(entry.key).body)
    answer = call("POST", "/predict", json.dumps({**WOMAN, "reference": CUSTOMER}))[1]
    [line] = [line for line in capsys.readouterr().out.splitlines() if '"prediction"' in line]
    store.put(folder(datetime.now(UTC)) + "a.jsonl", line.encode())
    for below in BELOW:
        status, found = call("GET", f"{below}/predictions/{answer['prediction_id']}")
        assert (status, found["reference"]) == (200, CUSTOMER)


def test_the_document_tells_of_it(call: Call) -> None:
    schemas = call("GET", "/openapi.json")[1]["components"]["schemas"]
    assert schemas["Row"]["properties"]["reference"]["anyOf"][0] == {"type": "string", "maxLength": 100}
    assert "reference" not in schemas["Row"]["required"]
