"""What predict logs of passengers whom it refuses because they do not fit: how many, and no value."""

import json
import os
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from functions.core.base.ids import time_of
from functions.core.predictions.records import Reading
from functions.core.predictions.writing import OTHER, write_refusal
from functions.predict import service
from functions.predict.handler import full_app
from functions.predict.native.routes import MAX_EXPLAINED
from tests.conftest import Call, Send
from tests.support.titanic import SCHEMA

INFER = "/v2/models/titanic/infer"
WOMAN = {"pclass": 1, "sex": "female", "age": 29}
TOO_OLD = WOMAN | {"age": 130}
AS_CSV = {"content-type": "text/csv"}
CSV = "pclass,sex,age\n1,female,29\n4,male,\n1,female,130\n3,male,x\n"


def refusals(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [line for line in lines if line["message"] == "refusal"]


def batch(*passengers: Any) -> str:
    return json.dumps({"passengers": passengers})


def tensors(**columns: list[Any]) -> str:
    types = {int: "INT64", str: "BYTES"}
    return json.dumps(
        {
            "inputs": [
                {"name": name, "shape": [len(data)], "datatype": types[type(data[0])], "data": data}
                for name, data in columns.items()
            ]
        }
    )


def test_a_line_tells_how_many_of_whom_and_in_which_fields(
    call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    status, answer = call("POST", "/predict", json.dumps({"Pclass": 9, "sex": "female", "age": -1}))
    assert (status, answer["request_id"]) == (422, "JKJaXmPLvHcESHA=")
    output = capsys.readouterr().out
    [line] = [json.loads(line) for line in output.splitlines() if '"refusal"' in line]
    assert before <= time_of(line.pop("refusal_id")) <= datetime.now(UTC)
    assert before <= datetime.fromisoformat(line.pop("timestamp")) <= datetime.now(UTC)
    assert line == {
        "level": "INFO",
        "message": "refusal",
        "model": "titanic",
        "key_id": "5f3a91c2",
        "request_id": "JKJaXmPLvHcESHA=",
        "rows": 1,
        "fields": {"pclass": 1, "age": 1},
    }
    reading = Reading([output.encode()], "titanic")
    assert list(reading) == []
    assert (reading.refused, reading.faults) == (1, {"pclass": 1, "age": 1})


# The path, the body, the headers; how many passengers were refused, and what was wrong with them.
COUNTED: dict[str, tuple[str, str | bytes, dict[str, str], int, dict[str, int]]] = {
    "one": ("/predict", json.dumps(TOO_OLD), {}, 1, {"age": 1}),
    "one by the app": ("/predict?explain=true", json.dumps(TOO_OLD), {}, 1, {"age": 1}),
    "one without anything": ("/predict", "{}", {}, 1, {"pclass": 1, "sex": 1}),
    "one of an unknown field": ("/predict", json.dumps(WOMAN | {"shoes": 1}), {}, 1, {"other": 1}),
    "no JSON": ("/predict", "{", {}, 1, {"other": 1}),
    "no UTF-8": ("/predict", b'{"sex": "\xff"}', {}, 1, {"other": 1}),
    "no body": ("/predict", "", {}, 1, {"other": 1}),
    "a batch": ("/predict/batch", batch(WOMAN, TOO_OLD, {"pclass": 1}), {}, 3, {"age": 1, "sex": 1}),
    "a batch but for its bad rows": (
        "/predict/batch?partial=true",
        batch(WOMAN, TOO_OLD, {"pclass": 1}),
        {},
        2,
        {"age": 1, "sex": 1},
    ),
    "a table": ("/predict/batch", CSV, AS_CSV, 4, {"pclass": 1, "age": 2}),
    "a table but for its bad rows": (
        "/predict/batch?partial=true",
        CSV,
        AS_CSV,
        3,
        {"pclass": 1, "age": 2},
    ),
    "a row of another width": ("/predict/batch", "pclass,sex\n1,male\n1,male,2\n", AS_CSV, 2, {"other": 1}),
    "no table": ("/predict/batch", "pclass,age\n1,2\n", AS_CSV, 1, {"other": 1}),
    "no batch": ("/predict/batch", json.dumps({"age": 5}), {}, 1, {"other": 1}),
    "invocations": ("/invocations", json.dumps({"instances": [WOMAN, TOO_OLD]}), {}, 2, {"age": 1}),
    "invocations of a table": ("/invocations", CSV, AS_CSV, 4, {"pclass": 1, "age": 2}),
    "no invocation": ("/invocations", "{}", {}, 1, {"other": 1}),
    "tensors": (INFER, tensors(pclass=[1, 4], sex=["male", "male"]), {}, 2, {"pclass": 1}),
    "no tensors": (INFER, "{", {}, 1, {"other": 1}),
}


@pytest.mark.parametrize(("path", "body", "headers", "rows", "fields"), COUNTED.values(), ids=COUNTED)
def test_a_request_in_which_passengers_do_not_fit_leaves_one_line(
    send: Send,
    path: str,
    body: str | bytes,
    headers: dict[str, str],
    rows: int,
    fields: dict[str, int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    answer = send("POST", path, body, headers=headers)
    assert (answer["statusCode"] == 200) is ("partial" in path)
    [line] = refusals(capsys)
    assert (line["rows"], line["fields"]) == (rows, fields)


def test_a_version_that_is_named_refuses_as_the_champion_does(
    call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    version = call("GET", "/health/ready")[1]["version"]
    path = f"/v2/models/titanic/versions/{version}/infer"
    assert call("POST", path, tensors(pclass=[4], sex=["male"]))[0] == 400
    assert [line["rows"] for line in refusals(capsys)] == [1]


NOT_COUNTED: dict[str, tuple[str, str, dict[str, Any], int]] = {
    "an answer": ("/predict", json.dumps(WOMAN), {}, 200),
    "a batch": ("/predict/batch?partial=true", batch(WOMAN), {}, 200),
    "nobody": ("/predict", json.dumps(TOO_OLD), {"scopes": None}, 401),
    "another scope": ("/predict", json.dumps(TOO_OLD), {"scopes": "feedback"}, 403),
    "another type": ("/predict", json.dumps(TOO_OLD), {"headers": {"content-type": "text/plain"}}, 415),
    "a large body": ("/predict", "x" * 300_000, {}, 413),
    "headers": ("/predict", json.dumps(TOO_OLD), {"headers": {f"x-{n}": "1" for n in range(80)}}, 431),
    "a query that does not fit": ("/predict?explain=perhaps", json.dumps(WOMAN), {}, 422),
    "another model": ("/v2/models/olympic/infer", "{", {}, 404),
    "more than can be explained": (
        "/predict/batch?explain=true",
        batch(*[WOMAN] * (MAX_EXPLAINED + 1)),
        {},
        422,
    ),
}


@pytest.mark.parametrize(("path", "body", "options", "status"), NOT_COUNTED.values(), ids=NOT_COUNTED)
def test_what_is_refused_for_another_reason_is_no_passenger(
    send: Send,
    path: str,
    body: str,
    options: dict[str, Any],
    status: int,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert send("POST", path, body, **options)["statusCode"] == status
    assert refusals(capsys) == []


def test_a_failure_of_ours_is_no_refusal(
    send: Send, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LIFEBOAT_STORE", str(tmp_path / "empty"))
    service.service.cache_clear()
    assert send("POST", "/predict", json.dumps(TOO_OLD))["statusCode"] == 503
    assert refusals(capsys) == []


@pytest.mark.parametrize("query", ["", "explain=false"], ids=["fast path", "app"])
def test_the_fast_path_leaves_it_to_the_app(
    call: Call, query: str, capsys: pytest.CaptureFixture[str]
) -> None:
    full_app.cache_clear()
    assert call("POST", "/predict", json.dumps(WOMAN))[0] == 200
    assert full_app.cache_info().currsize == 0
    assert call("POST", "/predict", json.dumps(TOO_OLD), query=query)[0] == 422
    assert len(refusals(capsys)) == 1


HOSTILE = 'hostile\n{"message": "prediction"}'


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/predict", json.dumps(WOMAN | {HOSTILE: HOSTILE, "name": HOSTILE * 20})),
        ("/predict/batch", batch(WOMAN | {HOSTILE: HOSTILE})),
        ("/predict/batch?partial=true", batch(WOMAN | {HOSTILE: HOSTILE})),
        ("/invocations", json.dumps({"instances": [WOMAN | {HOSTILE: HOSTILE, "pclass": HOSTILE}]})),
        ("/invocations", json.dumps({HOSTILE: HOSTILE})),
        ("/invocations", json.dumps({"inputs": {HOSTILE: HOSTILE}})),
        (INFER, tensors(pclass=[1], sex=["male"], **{HOSTILE: [HOSTILE]})),
        (INFER, tensors(pclass=[1], sex=[HOSTILE])),
    ],
)
def test_no_value_and_no_name_that_was_made_up_gets_into_the_log(
    send: Send, path: str, body: str, capsys: pytest.CaptureFixture[str]
) -> None:
    send("POST", path, body)
    output = capsys.readouterr().out
    assert "hostile" not in output
    [line] = [json.loads(line) for line in output.splitlines() if '"refusal"' in line]
    assert line["fields"].keys() <= {*SCHEMA.names, *SCHEMA.sources, OTHER}
    assert line["fields"]


def test_a_share_of_the_refusals_is_logged(capsys: pytest.CaptureFixture[str]) -> None:
    def logged(share: float) -> int:
        for _ in range(400):
            write_refusal(SCHEMA, "titanic", 1, ["age"], share=share, key_id="", request_id="")
        return len(refusals(capsys))

    assert (logged(0), logged(1)) == (0, 400)
    # 100 are expected; six standard deviations are 52.
    assert 48 < logged(0.25) < 152


def test_the_setting_decides_how_many_refusals_are_logged(
    call: Call, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LIFEBOAT_LOGGED_SHARE", "0")
    assert call("POST", "/predict", json.dumps(TOO_OLD))[0] == 422
    assert call("POST", "/predict/batch", batch(TOO_OLD), query="partial=true")[0] == 200
    assert refusals(capsys) == []


@pytest.mark.parametrize("broken", ["closed", "nobody reads"])
def test_a_broken_standard_output_changes_no_refusal(
    call: Call, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    # The champion is loaded while its loading can still be logged.
    call("GET", "/health/ready")
    reading, writing = os.pipe()
    stream = os.fdopen(writing, "w")
    os.close(reading)
    if broken == "closed":
        stream.close()
    monkeypatch.setattr(sys, "stdout", stream)
    assert call("POST", "/predict", json.dumps(TOO_OLD))[0] == 422
    with suppress(BrokenPipeError):
        stream.close()
