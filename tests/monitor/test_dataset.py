"""What is written of rows of any schema is read back as it was, whatever fields and words are called."""

import hashlib
import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from functions.core.registry.manifest import Manifest
from functions.core.schema.columns import to_values
from functions.core.schema.document.parsing import parse_schema
from functions.core.schema.schema import Schema
from functions.core.schema.tables.table import open_table
from functions.core.stats.records import Tally
from functions.core.storage.folder import FolderStore
from functions.core.storage.view import ModelStore
from functions.monitor.dataset import LostReference, build_dataset
from functions.monitor.labelled import Labelled
from tests.monitor.churn import CHURN, FEE, PAPER, PLAN, REFERENCE
from tests.support.versions import facts, publish

VERSION = "d" * 16
AT = datetime(2026, 11, 1, tzinfo=UTC)
TABLE = (
    '"plan, ""as sold""",fee; monthly €,paperless,left?\n'
    '"basic, old",9.99,yes,stays\n'
    '"the ""big"" one",,no,"goes, alas"\n'
    ",1e-05,,stays\n"
).encode()


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(FolderStore(str(tmp_path)), "churn")


def made_of(store: ModelStore, body: bytes, schema: Schema, reference: Any) -> Manifest:
    """A version that was made from an upload of `body`."""
    store.put("datasets/customers.csv", body)
    known = facts(key=store.full("datasets/customers.csv"), sha256=hashlib.sha256(body).hexdigest())
    return publish(store, VERSION, schema=schema, reference=reference, dataset=known)


def labelled(features: dict[str, Any], outcome: bool, number: int = 0) -> Labelled:
    return Labelled(f"id-{number:012x}", VERSION, 0.5, features, outcome, "a test")


def read_back(body: bytes, schema: Schema) -> tuple[dict[str, list[Any]], list[int], list[int]]:
    """Values by feature, outcomes, marks."""
    [chunk] = open_table(io.BytesIO(body), schema, labelled=True)
    assert not chunk.bad
    return to_values(chunk.columns), [*chunk.outcomes], [*chunk.representative]


def test_names_and_words_with_separators_quotes_and_line_breaks_come_back(store: ModelStore) -> None:
    champion = made_of(store, TABLE, CHURN, REFERENCE)
    fee = float(np.float32(0.1))
    rows = [
        labelled({PLAN: "line\nbreak", FEE: fee, PAPER: 0.0}, True),
        labelled({PLAN: None, FEE: None, PAPER: None}, False, 1),
        labelled({PLAN: "carriage\rreturn", FEE: float(np.float32(1e20)), PAPER: 1.0}, True, 2),
    ]
    built = build_dataset(store, champion, rows, [Tally(counts=[0] * 11)], "request")
    header = built.body.decode().splitlines()[0]
    own = "representative,lifeboat_labelled_by,prediction_id"
    assert header == f'"plan, ""as sold""",fee; monthly €,paperless,left?,{own}'
    values, outcomes, marks = read_back(built.body, CHURN)
    assert values[PLAN] == ["basic, old", 'the "big" one', None, "line\nbreak", None, "carriage\rreturn"]
    expected = [*np.array([9.99, np.nan, 1e-5, 0.1, np.nan, 1e20], dtype=np.float32).tolist()]
    assert values[FEE] == [None if fee != fee else fee for fee in expected]
    assert values[PAPER] == [1, 0, None, 0, None, 1]
    assert outcomes == [0, 1, 0, 1, 0, 1]
    assert marks == [1, 1, 1, 0, 0, 0]
    assert b',0.1,0,"goes, alas",0,unknown,id-' in built.body
    assert built.key.startswith("datasets/labelled-")
    assert built.lineage.reference_key == "datasets/churn/customers.csv"


def test_a_category_that_ends_like_a_number_is_written_as_it_is(store: ModelStore) -> None:
    schema = parse_schema(
        {
            "fields": [
                {"name": "release", "categories": ["1", "1.0", "2.0"]},
                {"name": "size", "type": "number"},
                {"name": "y", "type": "boolean"},
            ],
            "target": "y",
            "missingValues": ["?"],
        }
    )
    champion = made_of(store, b"release,size,y\n1.0,?,0\n", schema, {"probability": REFERENCE["probability"]})
    rows = [
        labelled({"release": "2.0", "size": None}, True),
        labelled({"release": "1", "size": 2.0}, True, 1),
    ]
    built = build_dataset(store, champion, rows, [], "request")
    values, _, _ = read_back(built.body, schema)
    assert values == {"release": ["1.0", "2.0", "1"], "size": [None, None, 2.0]}


@pytest.mark.parametrize(
    ("field", "positive", "cells"),
    [
        ({"type": "boolean"}, None, ("0", "1")),
        ({"type": "integer"}, 1, ("0", "1")),
        ({"type": "integer", "constraints": {"enum": [1, 2]}}, 2, ("1", "2")),
        ({"type": "number", "constraints": {"enum": [0.5, 1.5]}}, 0.5, ("1.5", "0.5")),
        ({"type": "string", "categories": ["No", "Yes"]}, "Yes", ("No", "Yes")),
        ({"type": "string", "categories": ["0", "1"]}, "0", ("1", "0")),
        ({"type": "string", "categories": ["good", "bad", "ugly"]}, ["bad", "ugly"], ("false", "true")),
        # 1 is one of the values that are no.
        ({"type": "integer", "constraints": {"enum": [1, 2, 3]}}, [2, 3], None),
    ],
)
def test_outcomes_are_written_in_the_words_of_the_target(
    store: ModelStore, field: dict[str, Any], positive: Any, cells: tuple[str, str] | None
) -> None:
    schema = parse_schema(
        {
            "fields": [{"name": "x", "type": "number"}, {"name": "y", **field}],
            "target": {"field": "y", "positive": positive},
        }
    )
    words = field.get("categories") or field.get("constraints", {}).get("enum", [0, 1])
    body = "x,y\n" + "".join(f"{number},{word}\n" for number, word in enumerate(words))
    champion = made_of(store, body.encode(), schema, {"probability": REFERENCE["probability"]})
    rows = [labelled({"x": 7.0}, outcome, number) for number, outcome in enumerate((False, True))]
    built = build_dataset(store, champion, rows, [], "request")
    _, before, _ = read_back(body.encode(), schema)
    _, outcomes, _ = read_back(built.body, schema)
    assert outcomes == [*before, 0, 1]
    written = [line.split(",")[1] for line in built.body.decode().splitlines()[-2:]]
    assert cells is None or written == [*cells]


def test_the_name_changes_with_rows_labels_and_schema_and_not_with_marks(store: ModelStore) -> None:
    champion = made_of(store, TABLE, CHURN, REFERENCE)
    one = labelled({PLAN: None, FEE: 1.0, PAPER: None}, True)

    def name(manifest: Manifest, *rows: Labelled, traffic: int = 0) -> str:
        tallies = [Tally(counts=[traffic] * 11)]
        return build_dataset(store, manifest, rows, tallies, "request").key

    assert name(champion, one) == name(champion, one, traffic=10)
    wider = {**champion.table_schema, "description": "another"}
    others = [
        name(champion),
        name(champion, labelled({PLAN: None, FEE: 1.0, PAPER: None}, False)),
        name(champion.model_copy(update={"table_schema": wider}), one),
    ]
    assert len({name(champion, one), *others}) == 4


def test_rows_that_the_champions_schema_does_not_read_are_a_lost_reference(store: ModelStore) -> None:
    body = b"another,left?\n1,stays\n"
    required = {**CHURN.document, "fields": [dict(one) for one in CHURN.document["fields"]]}
    required["fields"][1]["constraints"] = {"required": True}
    champion = made_of(store, body, parse_schema(required), REFERENCE)
    with pytest.raises(LostReference, match="cannot be read by the champion's schema"):
        build_dataset(store, champion, [], [], "request")


def test_a_dataset_of_another_model_is_none_to_begin_with(store: ModelStore) -> None:
    champion = made_of(store, TABLE, CHURN, REFERENCE)
    elsewhere = champion.dataset.model_copy(update={"key": "datasets/churn-2/customers.csv"})
    with pytest.raises(LostReference, match="not uploaded to datasets/churn/"):
        build_dataset(store, champion.model_copy(update={"dataset": elsewhere}), [], [], "request")
