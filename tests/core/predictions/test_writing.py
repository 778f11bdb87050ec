"""The lines of the prediction log: what stands in them, to the last bit, and that they fail no prediction."""

import json
import os
import sys
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from functions.core.base.ids import new_ids
from functions.core.base.tracing import follow_trace
from functions.core.predictions.records import PredictionRecord, parse_line
from functions.core.predictions.writing import PredictionLog
from functions.core.schema.columns import Columns, from_values
from functions.core.schema.document.parsing import parse_schema
from functions.core.schema.schema import Schema
from tests.conftest import Call
from tests.support.titanic import SCHEMA, columns_of

WOMAN = {"pclass": 1, "sex": "female", "age": 29}
MISSING = dict.fromkeys(["sibsp", "parch", "fare", "embarked"])


def log(
    columns: Columns, ids: list[str], probabilities: list[float], schema: Schema = SCHEMA, **changes: Any
) -> None:
    asked: dict[str, Any] = {"share": 1.0, "key_id": "5f3a91c2", "request_id": "JKJaXm="}
    PredictionLog(schema, "titanic", "2428e146bc8c7c91").write(columns, ids, probabilities, **asked | changes)


def logged(capsys: pytest.CaptureFixture[str]) -> list[PredictionRecord]:
    return [parse_line(line.encode()) for line in capsys.readouterr().out.splitlines()]


def test_a_line_tells_what_was_asked_and_answered_by_which_model_for_whom(
    capsys: pytest.CaptureFixture[str],
) -> None:
    [id_] = new_ids(1)
    before = datetime.now(UTC).replace(microsecond=0)
    log(columns_of([{**WOMAN, **MISSING, "name": "Secretive, Miss. Ada"}]), [id_], [0.9358831644058228])
    line = capsys.readouterr().out
    found = json.loads(line)
    assert before <= datetime.fromisoformat(found.pop("timestamp")) <= datetime.now(UTC)
    assert found == {
        "level": "INFO",
        "message": "prediction",
        "model": "titanic",
        "version": "2428e146bc8c7c91",
        "key_id": "5f3a91c2",
        "request_id": "JKJaXm=",
        "prediction_id": id_,
        "probability": 0.9358831644058228,
        "features": {
            "pclass": 1.0,
            "sex": "female",
            "age": 29.0,
            "sibsp": None,
            "parch": None,
            "fare": None,
            "embarked": None,
            "title": "Miss",
        },
    }
    assert parse_line(line.encode()).features == found["features"]


def test_a_line_tells_how_long_the_request_had_been_worked_on_where_that_is_known(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for took_ms in (None, 0.0, 1.23456, 29_000.0):
        log(random_columns(2), new_ids(2), [0.5, 0.5], took_ms=took_ms)
    assert [record.took_ms for record in logged(capsys)][::2] == [None, 0.0, 1.23, 29_000.0]


def random_columns(rows: int) -> Columns:
    """Any bits that a float32 between 0 and 1,000,000 can have, gaps, and every category."""
    draw = np.random.default_rng(0)
    columns: dict[str, Any] = {}
    for field in SCHEMA.features:
        if field.words:
            found = draw.choice(np.array(["", *field.words], dtype=object), rows)
        else:
            highest = np.float32(1_000_000).view(np.uint32)
            bits: Any = draw.integers(0, highest, rows, dtype=np.uint32, endpoint=True)
            found = bits.view(np.float32)
            found[draw.random(rows) < 0.1] = np.nan
        columns[field.name] = found.reshape(-1, 1)
    return columns


def test_every_value_comes_back_from_a_line_to_the_last_bit(capsys: pytest.CaptureFixture[str]) -> None:
    columns = random_columns(2_000)
    probabilities = np.random.default_rng(1).random(2_000, dtype=np.float32)
    log(columns, new_ids(2_000), probabilities.tolist())
    records = logged(capsys)
    values = {name: [record.features[name] for record in records] for name in SCHEMA.names}
    again = from_values(values, SCHEMA)
    for name, column in columns.items():
        if column.dtype == object:
            assert (again[name] == column).all()
        else:
            missing = np.isnan(column)
            assert (np.isnan(again[name]) == missing).all()
            assert again[name][~missing].tobytes() == column[~missing].tobytes()
    restored = np.array([record.probability for record in records], dtype=np.float32)
    assert restored.tobytes() == probabilities.tobytes()


@pytest.mark.parametrize(
    ("nanoseconds", "timestamp"),
    [
        (1_795_817_288_007_999_999, "2026-11-27T22:08:08.007+00:00"),
        (1_795_817_289_000_000_000, "2026-11-27T22:08:09.000+00:00"),
        (1_795_817_289_999_999_999, "2026-11-27T22:08:09.999+00:00"),
    ],
)
def test_a_line_has_its_time_to_the_millisecond(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, nanoseconds: int, timestamp: str
) -> None:
    monkeypatch.setattr("time.time_ns", lambda: nanoseconds)
    log(columns_of([{**WOMAN, **MISSING}]), ["id"], [0.5])
    [line] = capsys.readouterr().out.splitlines()
    assert json.loads(line)["timestamp"] == timestamp


def test_a_share_of_the_rows_is_logged_always_the_same_ones(capsys: pytest.CaptureFixture[str]) -> None:
    ids, columns = new_ids(4_000), random_columns(4_000)

    def chosen(share: float) -> list[str]:
        log(columns, ids, [0.5] * 4_000, share=share)
        return [record.prediction_id for record in logged(capsys)]

    assert chosen(1) == ids
    assert chosen(0) == []
    quarter = chosen(0.25)
    # 1,000 are expected; six standard deviations are 164.
    assert 836 < len(quarter) < 1_164
    assert chosen(0.25) == quarter
    assert set(quarter) < set(chosen(0.5))


def test_what_stands_in_an_id_of_a_key_or_request_breaks_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    odd = 'a "quoted" %s %% \n name'
    log(random_columns(1), new_ids(1), [0.5], key_id=odd, request_id=odd)
    [record] = logged(capsys)
    assert record.key_id == record.request_id == odd


def test_no_name_of_a_field_and_no_category_breaks_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    odd = 'a "quoted", %s\\ name'
    schema = parse_schema(
        {
            "fields": [
                {"name": odd, "type": "string", "categories": [odd, "null", "é, è"]},
                {"name": "age %d", "type": "number"},
                {"name": "left", "type": "boolean"},
            ],
            "target": "left",
        }
    )
    words: list[str | None] = [odd, "null", "é, è", None]
    columns = from_values({odd: words, "age %d": [1, None, 2, 3]}, schema)
    log(columns, new_ids(4), [0.5] * 4, schema)
    records = logged(capsys)
    assert [record.features[odd] for record in records] == words
    assert [record.features["age %d"] for record in records] == [1, None, 2, 3]


@pytest.mark.parametrize("broken", ["closed", "nobody reads"])
def test_a_broken_standard_output_fails_no_prediction(
    call: Call, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    # The champion is loaded while its loading can still be logged.
    expected = call("GET", "/health/ready")[1]["version"]
    reading, writing = os.pipe()
    stream = os.fdopen(writing, "w")
    os.close(reading)
    if broken == "closed":
        stream.close()
    monkeypatch.setattr(sys, "stdout", stream)
    for _ in range(3):
        status, answer = call("POST", "/predict", json.dumps(WOMAN))
        assert (status, answer["model"]["version"]) == (200, expected)
    many = json.dumps({"passengers": [WOMAN] * 1_000})
    assert len(call("POST", "/predict/batch", many)[1]["predictions"]) == 1_000
    # What could not be written waits in the stream, and would be tried again at its end.
    with suppress(BrokenPipeError):
        stream.close()


def test_the_setting_decides_how_many_predictions_are_logged(
    call: Call, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LIFEBOAT_LOGGED_SHARE", "0")
    call("POST", "/predict", json.dumps(WOMAN))
    call("POST", "/predict/batch", json.dumps({"passengers": [WOMAN] * 10}))
    assert '"prediction"' not in capsys.readouterr().out


def test_a_line_names_the_trace_of_its_request_and_is_read_as_before(
    capsys: pytest.CaptureFixture[str],
) -> None:
    [id_] = new_ids(1)
    trace, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    follow_trace({"headers": {"traceparent": f"00-{trace}-{parent}-01"}})
    try:
        log(columns_of([WOMAN | MISSING]), [id_], [0.5])
    finally:
        follow_trace({})
    line = capsys.readouterr().out
    assert (json.loads(line)["trace_id"], json.loads(line)["parent_id"]) == (trace, parent)
    assert parse_line(line.encode()).prediction_id == id_
