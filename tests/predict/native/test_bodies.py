"""POST /predict/batch: many rows at once, in JSON and CSV, and what happens to the bad ones."""

import csv
import gzip
import io
import json
from typing import Any

import pytest

from functions.local.platform.gateway import MAX_PAYLOAD_BYTES
from functions.predict.native.bodies import MAX_DECOMPRESSED
from functions.predict.native.routes import MAX_EXPLAINED
from functions.predict.rows import MAX_ROWS
from tests.conftest import Call, Send

WOMAN = {"pclass": 1, "sex": "female", "age": 29, "name": "Allen, Miss. Elisabeth Walton"}
MAN = {"Pclass": 3, "Sex": "male", "Age": None, "Fare": 7.25}
TABLE = 'name,pclass,sex,age,fare\n"Allen, Miss. Elisabeth Walton",1,female,29,\n,3,male,,7.25\n'
AS_CSV = {"content-type": "text/csv"}


def as_json(*passengers: Any) -> str:
    return json.dumps({"passengers": passengers})


def rows_of(answer: dict[str, Any]) -> list[dict[str, str]]:
    assert answer["headers"]["content-type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(answer["body"])))


def test_rows_are_answered_in_their_order_as_they_would_be_one_by_one(call: Call) -> None:
    status, answer = call("POST", "/predict/batch", as_json(WOMAN, MAN, WOMAN))
    assert status == 200
    alone = [call("POST", "/predict", json.dumps(one))[1]["probability"] for one in (WOMAN, MAN)]
    assert [row["probability"] for row in answer["predictions"]] == [alone[0], alone[1], alone[0]]
    assert [row["row"] for row in answer["predictions"]] == [1, 2, 3]
    assert [row["survived"] for row in answer["predictions"]] == [True, False, True]
    assert len({row["prediction_id"] for row in answer["predictions"]}) == 3
    assert answer["errors"] == []
    assert answer["model"]["name"] == "titanic"


def test_csv_in_and_csv_out_tell_the_same(call: Call, send: Send) -> None:
    _, expected = call("POST", "/predict/batch", as_json(WOMAN, MAN))
    probabilities = [row["probability"] for row in expected["predictions"]]
    _, answer = call("POST", "/predict/batch", TABLE, headers=AS_CSV)
    assert [row["probability"] for row in answer["predictions"]] == probabilities
    table = rows_of(send("POST", "/predict/batch", TABLE, headers=AS_CSV | {"accept": "text/csv"}))
    assert [float(row["probability"]) for row in table] == probabilities
    assert [(row["row"], row["survived"]) for row in table] == [("1", "1"), ("2", "0")]
    assert {row["version"] for row in table} == {expected["model"]["version"]}
    assert rows_of(send("POST", "/predict/batch", as_json(WOMAN, MAN), headers={"accept": "text/csv"}))


def test_a_table_may_be_packed_but_not_without_end(call: Call) -> None:
    status, answer = call("POST", "/predict/batch", gzip.compress(TABLE.encode()), headers=AS_CSV)
    assert (status, len(answer["predictions"])) == (200, 2)
    endless = gzip.compress(TABLE.encode() + b"\n" * MAX_DECOMPRESSED)
    assert len(endless) < 100_000
    status, answer = call("POST", "/predict/batch", endless, headers=AS_CSV)
    assert (status, answer["code"]) == (422, "INVALID_INPUT")
    assert "once it is decompressed" in answer["error"]


def test_each_row_leaves_a_line_in_the_log(call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    _, answer = call("POST", "/predict/batch", as_json(WOMAN, MAN))
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    logged = [line["prediction_id"] for line in lines if line["message"] == "prediction"]
    assert logged == [row["prediction_id"] for row in answer["predictions"]]


def test_a_bad_row_is_named_and_nothing_is_scored(call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    status, answer = call("POST", "/predict/batch", as_json(WOMAN, {**WOMAN, "age": 130}))
    assert (status, answer["code"]) == (422, "INVALID_INPUT")
    assert answer["detail"][0]["loc"] == ["body", "row 2", "age"]
    status, answer = call("POST", "/predict/batch", f"{TABLE}x,1,female,130,\n", headers=AS_CSV)
    assert status == 422
    assert "1 of 3 rows" in answer["error"]
    assert answer["detail"] == [
        {
            "loc": ["body", "row 3", "age"],
            "msg": "must be a number from 0 to 120",
            "type": "row",
        }
    ]
    assert "prediction_id" not in capsys.readouterr().out


def test_with_partial_the_good_rows_are_scored_and_the_bad_ones_named(call: Call, send: Send) -> None:
    body = as_json({"pclass": 9, "sex": "male"}, WOMAN, {"sex": "male"}, MAN)
    status, answer = call("POST", "/predict/batch", body, query="partial=true")
    assert status == 200
    assert [row["row"] for row in answer["predictions"]] == [2, 4]
    assert [(error["row"], error["field"]) for error in answer["errors"]] == [(1, "pclass"), (3, "pclass")]
    table = rows_of(
        send(
            "POST",
            "/predict/batch",
            f"{TABLE}x,1,female,130,\n,2,male,40,\n",
            query="partial=true",
            headers=AS_CSV | {"accept": "text/csv"},
        )
    )
    assert [row["row"] for row in table] == ["1", "2", "3", "4"]
    assert [bool(row["probability"]) for row in table] == [True, True, False, True]
    assert table[2]["error"] == "age: must be a number from 0 to 120"
    assert not table[0]["error"]


def test_with_partial_a_batch_of_only_bad_rows_is_an_answer_too(
    call: Call, send: Send, capsys: pytest.CaptureFixture[str]
) -> None:
    status, answer = call("POST", "/predict/batch", as_json({}), query="partial=true")
    assert (status, answer["predictions"], len(answer["errors"])) == (200, [], 1)
    headers = {"accept": "text/csv"}
    [row] = rows_of(send("POST", "/predict/batch", as_json({}), query="partial=true", headers=headers))
    assert (row["row"], row["error"]) == ("1", "pclass: is required")
    assert "prediction_id" not in capsys.readouterr().out


REFUSED = {
    "no rows": (as_json(), {}, 422),
    "too many rows": (as_json(*[{}] * (MAX_ROWS + 1)), {}, 422),
    "not JSON": ("{", {}, 400),
    "unknown field": ('{"people": []}', {}, 422),
    "a row that is no object": (as_json("nobody"), {}, 422),
    "an empty table": ("", AS_CSV, 400),
    "a header alone": ("pclass,sex\n", AS_CSV, 422),
    "no such column": ("pclass,age\n1,2\n", AS_CSV, 422),
    "too many lines": ("pclass,sex\n" + "1,male\n" * (MAX_ROWS + 1), AS_CSV, 422),
    "XML": ("<passengers/>", {"content-type": "application/xml"}, 415),
    "no type": ("{}", {"content-type": ""}, 415),
}


@pytest.mark.parametrize("partial", ["", "partial=true"])
@pytest.mark.parametrize(("body", "headers", "status"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_batch_is_refused(
    call: Call, body: str, headers: dict[str, str], status: int, partial: str
) -> None:
    found, answer = call("POST", "/predict/batch", body, headers=headers, query=partial)
    assert found == status
    assert set(answer) == {"error", "code", "detail", "request_id"}


def test_the_most_rows_are_scored(call: Call) -> None:
    table = "pclass,sex\n" + "1,male\n" * MAX_ROWS
    status, answer = call("POST", "/predict/batch", table, headers=AS_CSV)
    assert (status, len(answer["predictions"])) == (200, MAX_ROWS)


def test_of_a_table_that_is_too_long_the_rest_is_not_read(call: Call) -> None:
    # Were it read to its end, it would be no CSV: the last quote is never closed.
    for row in ("1,male", "1"):
        table = "pclass,sex\n" + f"{row}\n" * (3 * MAX_ROWS) + '"'
        status, answer = call("POST", "/predict/batch", table, headers=AS_CSV)
        assert status == 422
        assert answer["error"] == "the table has more than the 10000 rows that can be scored at once"


def test_a_list_that_is_too_long_is_told_its_limit(call: Call) -> None:
    body = f'{{"rows": [{{}}{",{}" * MAX_ROWS}]}}'
    status, answer = call("POST", "/predict/batch", body)
    assert (status, answer["error"]) == (422, "10001 rows were sent; from 1 to 10000 can be scored at once")


def test_the_rows_may_be_called_rows_or_as_the_schema_calls_them_and_nothing_else(call: Call) -> None:
    names = ("rows", "passengers", "people")
    answers = [call("POST", "/predict/batch", json.dumps({name: [WOMAN]})) for name in names]
    assert [status for status, _ in answers] == [200, 200, 422]
    assert answers[2][1]["error"] == (
        'a batch is an object with one key: {"rows": [...]} or {"passengers": [...]}'
    )


def test_a_row_of_many_unknown_fields_is_one_error(call: Call) -> None:
    keys = {f"x{number}": 1 for number in range(1_000)}
    status, answer = call("POST", "/predict/batch", as_json(WOMAN, keys))
    assert (status, len(answer["detail"])) == (422, 1)


def test_an_answer_about_a_table_tells_what_became_of_its_columns(call: Call, send: Send) -> None:
    table = "PassengerId,Pclass,SEX,shoe size,Cabin\n1,1,female,44,B5\n"
    _, answer = call("POST", "/predict/batch", table, headers=AS_CSV)
    assert answer["columns"] == {
        "used": ["Pclass", "SEX"],
        "passed_over": ["PassengerId", "shoe size", "Cabin"],
        "missing": ["age", "sibsp", "parch", "fare", "embarked", "title"],
    }
    headers = send("POST", "/predict/batch", table, headers=AS_CSV | {"accept": "text/csv"})["headers"]
    assert headers["x-columns-used"] == "Pclass,SEX"
    assert headers["x-columns-passed-over"] == "PassengerId,shoe%20size,Cabin"
    assert headers["x-columns-missing"] == "age,sibsp,parch,fare,embarked,title"
    assert "columns" not in call("POST", "/predict/batch", as_json(WOMAN))[1]


def test_an_answer_about_ten_thousand_bad_rows_is_one_that_lambda_lets_through(send: Send) -> None:
    # What a body holds in 4 bytes takes 14 in an answer of escaped JSON within JSON.
    row = json.dumps({"pclass": 3, "sex": "male", "\N{SHIP}" * 100: 1}, ensure_ascii=False)
    body = f'{{"passengers": [{row}{f",{row}" * (MAX_ROWS - 1)}]}}'
    answer = send("POST", "/predict/batch", body, query="partial=true")
    assert answer["statusCode"] == 200
    assert len(json.loads(answer["body"])["errors"]) == MAX_ROWS
    assert len(json.dumps(answer).encode()) < MAX_PAYLOAD_BYTES


def test_more_rows_than_can_be_explained_are_refused(call: Call) -> None:
    table = "pclass,sex\n" + "1,male\n" * (MAX_EXPLAINED + 1)
    status, answer = call("POST", "/predict/batch", table, headers=AS_CSV, query="explain=true")
    assert status == 422
    assert str(MAX_EXPLAINED) in answer["error"]


WITH_IDS = 'PassengerId,pclass,sex,Ticket\n7,1,female,=1+1\n-8,3,male,-5\n9,4,male,"a, b"\n'


def test_columns_of_a_table_come_back_beside_its_answers(call: Call, send: Send) -> None:
    query = "?partial=true&keep=PassengerId,ticket"
    status, answer = call("POST", f"/predict/batch{query}", WITH_IDS, headers=AS_CSV)
    assert status == 200
    assert [row["kept"] for row in answer["predictions"]] == [
        {"PassengerId": "7", "ticket": "=1+1"},
        {"PassengerId": "-8", "ticket": "-5"},
    ]
    [fault] = answer["errors"]
    assert (fault["row"], fault["kept"]) == (3, {"PassengerId": "9", "ticket": "a, b"})
    for keep in (query, "?partial=true&keep=PassengerId&keep=ticket"):
        headers = AS_CSV | {"accept": "text/csv"}
        table = rows_of(send("POST", f"/predict/batch{keep}", WITH_IDS, headers=headers))
        assert [(row["row"], row["PassengerId"], row["ticket"]) for row in table] == [
            ("1", "7", "'=1+1"),
            ("2", "-8", "-5"),
            ("3", "9", "a, b"),
        ]
        assert table[2]["error"] == "pclass: must be 1, 2 or 3"
        assert [bool(row["probability"]) for row in table] == [True, True, False]


def test_a_kept_column_does_not_hide_one_of_the_answer(call: Call, send: Send) -> None:
    table = "Row,Survived,pclass,sex\nx,yes,1,female\n"
    headers = AS_CSV | {"accept": "text/csv"}
    [row] = rows_of(send("POST", "/predict/batch?keep=Row,Survived,pclass", table, headers=headers))
    assert (row["row"], row["sent_Row"], row["sent_Survived"], row["pclass"]) == ("1", "x", "yes", "1")
    assert row["survived"] == "1"


def test_kept_cells_stay_with_their_rows_where_rows_are_too_wide_or_blank(call: Call) -> None:
    table = "id,pclass,sex\na,1,female\nb,1,female,9,9\n\nc,3,male\n"
    _, answer = call("POST", "/predict/batch?partial=true&keep=id", table, headers=AS_CSV)
    assert [(row["row"], row["kept"]["id"]) for row in answer["predictions"]] == [(1, "a"), (3, "c")]
    assert [(row["row"], row["kept"]["id"]) for row in answer["errors"]] == [(2, "")]


def test_what_cannot_be_kept_is_refused(call: Call) -> None:
    status, answer = call("POST", "/predict/batch?keep=PassengerID,Tocket", WITH_IDS, headers=AS_CSV)
    assert status == 422
    assert "no column is named Tocket; there are PassengerId, pclass, sex, Ticket" in answer["error"]
    status, answer = call("POST", "/predict/batch?keep=PassengerId", as_json(WOMAN))
    assert (status, "send CSV, or leave it out" in answer["error"]) == (422, True)
    assert "kept" not in json.dumps(
        call("POST", "/predict/batch", WITH_IDS.replace(",4,", ",3,"), headers=AS_CSV)
    )


def test_an_error_that_a_spreadsheet_would_run_is_a_text(send: Send) -> None:
    table = "=cmd,pclass,sex\n1,1,female\n1,1,x\n"
    headers = AS_CSV | {"accept": "text/csv"}
    answer = send("POST", "/predict/batch?partial=true&keep=%3Dcmd", table, headers=headers)
    assert {"'=cmd", "1"} <= {*rows_of(answer)[0].keys(), *rows_of(answer)[0].values()}
    for line in csv.reader(io.StringIO(answer["body"])):
        assert not [cell for cell in line if cell[:1] in ("=", "+", "-", "@")]
