"""The export: labelled predictions as a dataset that training reads."""

import csv
import io
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest

from functions.core.schema.document.parsing import parse_schema
from functions.core.schema.schema import Schema
from functions.core.schema.tables.table import open_table
from functions.feedback import export as feedback_export
from functions.feedback.handler import handler
from tests.feedback.bench import NOW, Bench, Call, say
from tests.support import gateway
from tests.support.churn import SCHEMA as CHURN
from tests.support.production import VERSION, ids_of, logged_line
from tests.support.titanic import SCHEMA


def export(query: str = "", *, below: str = "") -> dict[str, Any]:
    """The gateway's answer: its headers say what the table is, and where it goes on."""
    return gateway.send(handler, "GET", f"{below}/feedback/export{query}", scopes="feedback")


def read_again(answer: dict[str, Any], schema: Schema) -> Any:
    """The rows as training reads them."""
    [chunk] = open_table(io.BytesIO(answer["body"].encode()), schema, labelled=True)
    return chunk


def rows_of(answer: dict[str, Any]) -> Sequence[str]:
    rows: list[str] = answer["body"].splitlines()[1:]
    return rows


def test_the_export_is_a_dataset_again(call: Call, bench: Bench) -> None:
    fare, nothing = 7.229199886322021, {"age": None, "embarked": None, "fare": None}
    first, second, _ = (
        bench.predict(0.1, features={"fare": fare, "title": "Mr"})[0],
        bench.predict(0.9, features={**nothing, "sex": "female", "pclass": 1.0})[0],
        bench.predict(0.5)[0],
    )
    call("POST", "/feedback", [say(first, True), say(second, True), say(first, False, source="alice")])
    answer = export()
    assert answer["statusCode"] == 200
    assert answer["headers"]["content-type"] == "text/csv; charset=utf-8"
    assert answer["isBase64Encoded"] is False
    assert "x-next" not in answer["headers"]
    chunk = read_again(answer, SCHEMA)
    assert chunk.bad == []
    found = dict(zip([row.partition(",")[0] for row in rows_of(answer)], chunk.outcomes, strict=True))
    assert found == {first: 0, second: 1}
    at = list(found).index(first)
    assert chunk.columns["fare"][at, 0] == fare
    assert chunk.columns["title"][at, 0] == "Mr"
    assert chunk.columns["age"][1 - at, 0] != chunk.columns["age"][1 - at, 0]
    row = rows_of(answer)[at].split(",")
    assert row[:1] + row[-6:-4] + row[-3:] == [first, "0", "5f3a91c2/alice", VERSION, "", ""]
    assert datetime.fromisoformat(row[-4]).tzinfo


def test_the_outcome_is_in_the_words_of_the_target_and_what_is_lifeboats_own_gives_way(
    call: Call, churn: Bench
) -> None:
    row = {"Plan Type": "yearly", "paperless": 0.0, "charges": 30.5}
    first, second = churn.predict(0.1, 0.9, features=row)
    body = [{"prediction_id": first, "churned": "Yes"}, {"prediction_id": second, "churned": False}]
    assert call("POST", "/models/churn/feedback", body)[0] == 200
    answer = export(below="/models/churn")
    heads, *rows = csv.reader(io.StringIO(answer["body"]))
    # The table has columns `source` and `version` itself.
    assert heads == [
        "prediction_id",
        "Plan Type",
        "source",
        "paperless",
        "version",
        "charges",
        "churned",
        "lifeboat_source",
        "labelled_at",
        "lifeboat_version",
        "reference",
        "note",
    ]
    assert [row[:8] for row in rows] == [
        [first, "yearly", "web", "0", "2", "30.5", "yes", "5f3a91c2"],
        [second, "yearly", "web", "0", "2", "30.5", "no", "5f3a91c2"],
    ]
    assert {row[9] for row in rows} == {VERSION}
    chunk = read_again(answer, CHURN)
    assert (chunk.bad, chunk.outcomes) == ([], [1, 0])
    assert chunk.columns["version"].ravel().tolist() == [2.0, 2.0]


def test_what_is_exported_of_a_target_with_more_than_two_values_is_read_as_it_was(
    call: Call, bench: Bench
) -> None:
    schema = parse_schema(
        {
            "fields": [
                {"name": "size", "type": "number"},
                {"name": "stars", "type": "integer", "constraints": {"enum": [1, 2, 3]}},
            ],
            "target": {"field": "stars", "positive": [3]},
        }
    )
    first, second = Bench(bench.root, "films", schema, {"size": 1.0}).predict(0.1, 0.9)
    body = [{"prediction_id": first, "stars": 1}, {"prediction_id": second, "stars": True}]
    status, receipts = call("POST", "/models/films/feedback", body)
    assert (status, [receipt["stars"] for receipt in receipts["results"]]) == (200, [False, True])
    assert read_again(export(below="/models/films"), schema).outcomes == [0, 1]


def test_a_feature_that_an_older_version_did_not_have_is_missing(call: Call, bench: Bench) -> None:
    [id_] = ids_of(1, NOW)
    bench.ship(logged_line(id_, features={"pclass": 1.0, "sex": "male", "deck": "C"}))
    call("POST", "/feedback", say(id_))
    [row] = rows_of(export())
    assert row.split(",")[:10] == [id_, "1", "male", "", "", "", "", "", "", "1"]


def test_an_export_comes_in_pages(call: Call, bench: Bench) -> None:
    ids = bench.predict(*[0.5] * 5)
    call("POST", "/feedback", [say(id_) for id_ in ids])
    found, after = [], ""
    for _ in range(3):
        answer = export(f"?limit=2{after}")
        found.append([row.partition(",")[0] for row in rows_of(answer)])
        after = f"&after={answer['headers'].get('x-next')}"
    assert found == [ids[:2], ids[2:4], ids[4:]]
    assert after == "&after=None"


@pytest.mark.parametrize("most", [0, 500])
def test_a_page_of_the_export_is_no_larger_than_an_answer_may_be(
    call: Call, bench: Bench, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(feedback_export, "MAX_BYTES", most)
    ids = bench.predict(*[0.5] * 5)
    call("POST", "/feedback", [say(id_) | {"note": "ä, ö and ü"} for id_ in ids])
    pages = [export()]
    while (after := pages[-1]["headers"].get("x-next")) and len(pages) < len(ids):
        pages.append(export(f"?after={after}"))
    rows = [rows_of(page) for page in pages]
    assert [row.partition(",")[0] for page in rows for row in page] == ids
    assert len(pages) > 1
    for page, own in zip(pages, rows, strict=True):
        # The row with which it is reached is there as a whole.
        before_last = len(page["body"].encode()) - len(own[-1].encode()) - 1
        assert before_last <= most or len(own) == 1


def test_what_a_spreadsheet_would_run_is_a_text_and_is_read_back(call: Call, bench: Bench) -> None:
    schema = parse_schema(
        {
            "fields": [
                {"name": "=kind", "type": "string", "constraints": {"enum": ["=cmd()", "-5 to 0", "plain"]}},
                {"name": "degrees", "type": "number"},
                {"name": "went", "type": "string", "constraints": {"enum": ["@home", "+away"]}},
            ],
            "target": {"field": "went", "positive": ["+away"]},
        }
    )
    signs = Bench(bench.root, "signs", schema, {"=kind": "=cmd()", "degrees": -3.5})
    ids = [*signs.predict(0.1), *signs.predict(0.9, features={"=kind": "-5 to 0"})]
    body = [{"prediction_id": id_, "went": said} for id_, said in zip(ids, ("@home", "+away"), strict=True)]
    assert call("POST", "/models/signs/feedback", body)[0] == 200
    answer = export(below="/models/signs")
    heads, *rows = csv.reader(io.StringIO(answer["body"]))
    assert heads[1:4] == ["'=kind", "degrees", "went"]
    expected = [["'-5 to 0", "-2.5", "'+away"], ["'=cmd()", "-3.5", "'@home"]]
    assert sorted(row[1:4] for row in rows) == expected
    chunk = read_again(answer, schema)
    kinds = chunk.columns["=kind"].ravel().tolist()
    assert (chunk.bad, sorted(zip(kinds, chunk.outcomes, strict=True))) == (
        [],
        [("-5 to 0", 1), ("=cmd()", 0)],
    )
