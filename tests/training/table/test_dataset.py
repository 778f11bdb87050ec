"""From a file to arrays: what is refused, what is left out and said, and on which side each row stands."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from functions.core.schema.columns import to_columns
from functions.core.schema.document.parsing import parse_schema
from functions.core.schema.rows import RowReader
from functions.core.schema.schema import Schema
from tests.conftest import TITANIC
from tests.support.titanic import SCHEMA
from training.table import matrix as matrices
from training.table.dataset import Dataset, RefusedDataset, load_dataset
from training.table.matrix import holdout_rows, translate
from training.table.report import read_report

HEADER = "pclass,survived,sex,age"


def write(tmp_path: Path, rows: list[str], header: str = HEADER) -> Path:
    path = tmp_path / "data.csv"
    path.write_text("\n".join([header, *rows]))
    return path


def good_rows(count: int) -> list[str]:
    return [f"{1 + row % 3},{row % 2},{'male' if row % 3 else 'female'},{row % 80}" for row in range(count)]


def changed(**changes: Any) -> Schema:
    """The Titanic's schema with another document's keys."""
    return parse_schema({**SCHEMA.document, **changes})


def test_the_shipped_rows_are_all_there(titanic: Dataset) -> None:
    assert titanic.matrix.shape == (1309, len(SCHEMA.features))
    assert titanic.outcome.sum() == 500
    assert titanic.rejected == 0
    missing = dict(zip(SCHEMA.names, np.isnan(titanic.matrix).sum(axis=0).tolist(), strict=True))
    assert (missing["age"], missing["fare"], missing["embarked"]) == (263, 1, 2)


def test_the_matrix_and_the_rows_make_the_same_tensors() -> None:
    reader = RowReader(SCHEMA)
    rows = [
        reader.read({"pclass": 1, "sex": "female", "age": 0.5, "title": "Miss"}).values,
        reader.read({"pclass": 3, "sex": "male", "fare": 7.25, "embarked": "Q", "sibsp": 2}).values,
    ]
    theirs = to_columns(rows, SCHEMA)
    ours = matrices.to_columns(matrices.to_matrix(theirs, SCHEMA), SCHEMA)
    for name in SCHEMA.names:
        np.testing.assert_array_equal(ours[name], theirs[name])
        assert ours[name].dtype == theirs[name].dtype
        assert ours[name].shape == (2, 1)


def test_a_row_keeps_its_side_in_every_dataset(titanic: Dataset) -> None:
    backwards = holdout_rows(titanic.matrix[::-1])
    np.testing.assert_array_equal(backwards[::-1], titanic.holdout)
    assert 0.15 < titanic.holdout.mean() < 0.25
    twins = {row.tobytes() for row in titanic.train[0]} & {row.tobytes() for row in titanic.judged[0]}
    assert not twins


def test_rows_are_the_same_by_another_schema_as_far_as_it_knows_them(titanic: Dataset) -> None:
    fields = {field["name"]: field for field in SCHEMA.document["fields"]}
    fields["embarked"] = {"name": "embarked", "type": "string", "constraints": {"enum": ["S", "Q"]}}
    fields["deck"] = {"name": "deck", "type": "string", "constraints": {"enum": ["A", "B"]}}
    other = changed(fields=list(fields.values())[::-1], ignored=["age"], aliases={})
    rows = matrices.to_columns(translate(titanic.matrix, SCHEMA, other), other)
    ours = matrices.to_columns(titanic.matrix, SCHEMA)
    assert set(rows) == set(SCHEMA.names) - {"age"} | {"deck"}
    np.testing.assert_array_equal(rows["sex"], ours["sex"])
    np.testing.assert_array_equal(rows["fare"], ours["fare"])
    np.testing.assert_array_equal(rows["embarked"], np.where(ours["embarked"] == "C", "", ours["embarked"]))
    assert set(rows["deck"].ravel()) == {""}
    np.testing.assert_array_equal(translate(titanic.matrix, SCHEMA, SCHEMA), titanic.matrix)


@pytest.mark.parametrize(
    ("rows", "header", "reason"),
    [
        ([], HEADER, "no valid row"),
        (good_rows(40), "pclass,survived,sort,age", "no column sex"),
        (good_rows(40), "pclass,fate,sex,age", "no column survived"),
        (["1,1,male,3"] * 200, HEADER, "every row has the same outcome, survived true"),
        (good_rows(20), HEADER, "too few rows"),
        ([*good_rows(90), *["9,1,male,3"] * 10], HEADER, "10 of 100 rows are bad"),
    ],
)
def test_a_file_that_cannot_train_is_refused(
    tmp_path: Path, rows: list[str], header: str, reason: str
) -> None:
    with pytest.raises(RefusedDataset, match=reason):
        load_dataset(write(tmp_path, rows, header), SCHEMA)


def test_the_report_names_the_first_hundred_bad_rows(tmp_path: Path) -> None:
    with pytest.raises(RefusedDataset) as refusal:
        load_dataset(write(tmp_path, [*good_rows(100), *["1,1,male,old"] * 150]), SCHEMA)
    body = refusal.value.report.as_json(key="datasets/titanic/x.csv")
    report = json.loads(body)
    assert report["key"] == "datasets/titanic/x.csv"
    assert report["rejected_rows"] == 150
    assert len(report["bad_rows"]) == 100
    assert report["bad_rows"][0] == {
        "line": 102,
        "column": "age",
        "reason": "must be a number from 0 to 120",
    }
    assert read_report(body) == refusal.value.report
    lines = list(refusal.value.report.lines())
    assert "  line 102, age: must be a number from 0 to 120" in lines
    assert lines[-1] == "  and 50 more"


def test_the_report_says_what_became_of_each_column(tmp_path: Path) -> None:
    rows = [f"{row},x" for row in good_rows(400)]
    found = load_dataset(write(tmp_path, rows, "Class,SURVIVED,Gender,Age,Hair"), SCHEMA)
    columns = found.report.columns
    assert set(columns.used) == {"Class", "SURVIVED", "Gender", "Age"}
    assert columns.passed_over == ["Hair"]
    assert columns.missing == ["sibsp", "parch", "fare", "embarked", "title"]


def test_a_few_bad_rows_are_left_out_and_counted(tmp_path: Path) -> None:
    found = load_dataset(write(tmp_path, [*good_rows(400), "1,1,male,old", "7,1,male,1"]), SCHEMA)
    assert (len(found.outcome), found.rejected) == (400, 2)
    assert not [note for note in found.report.notes if "left out" in note]


def test_bad_rows_that_are_not_like_the_others_are_said(tmp_path: Path) -> None:
    rows = [*good_rows(400), *["1,1,female,old"] * 9]
    notes = load_dataset(write(tmp_path, rows), SCHEMA).report.notes
    # A third of the rows are of women, a third of the first class: 9 of 143 are 6 %. Of those who survived 4
    # %.
    assert [note.partition(",")[0] for note in notes if "were left out" in note] == [
        "9 of the 143 rows with pclass 1 were left out",
        "9 of the 143 rows with sex female were left out",
    ]


def test_a_file_that_changed_since_its_schema_was_written_says_how(tmp_path: Path) -> None:
    rows = [*(f"{row},x" for row in good_rows(400)), *["1,1,other,3,x"] * 3]
    notes = load_dataset(write(tmp_path, rows, "pclass,survived,sex,age,hair"), SCHEMA).report.notes
    assert "these columns are missing: sibsp, parch, fare, embarked, title" in notes
    assert "the schema does not know these columns: hair; to use one, add it to its fields" in notes
    assert "the column sex has words that are none of its categories: other (3)" in notes


def marked(tmp_path: Path, marks: Iterable[object]) -> Path:
    """The shipped rows, each with whether it is representative."""
    header, *rows = TITANIC.read_text(encoding="utf-8").splitlines()
    lines = [f"{row},{1 if mark else 0}" for row, mark in zip(rows, marks, strict=True)]
    path = tmp_path / "marked.csv"
    path.write_text("\n".join([f"{header},representative", *lines]), encoding="utf-8")
    return path


def test_rows_that_are_not_representative_are_fitted_on_and_never_held_out(
    tmp_path: Path, titanic: Dataset
) -> None:
    marks = np.random.default_rng(0).random(1309) < 0.5
    found = load_dataset(marked(tmp_path, marks), SCHEMA)
    np.testing.assert_array_equal(found.matrix, titanic.matrix)
    np.testing.assert_array_equal(found.holdout, titanic.holdout & marks)
    # A row's side is that of its twins, which may be representative: what could be held out is not fitted on.
    np.testing.assert_array_equal(found.fitted, ~titanic.holdout)


def test_too_few_representative_rows_for_a_holdout_are_refused(tmp_path: Path, titanic: Dataset) -> None:
    [one, *_] = np.flatnonzero(titanic.holdout)
    path = marked(tmp_path, np.arange(1309) == one)
    with pytest.raises(
        RefusedDataset, match=r"holdout side has fewer than 2 .*; 1 of 1309 are representative"
    ):
        load_dataset(path, SCHEMA)
