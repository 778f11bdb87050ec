"""Pieces of files: read one by one, they are what one reader makes of all of it."""

import codecs
import csv
import gzip
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv as arrow_csv
from pyarrow import parquet

from functions.core.base.errors import InvalidInput
from tests.conftest import SCHEMA, TITANIC
from training.cluster.pieces import Piece, Surveyed, assign, piece_bytes, read_piece, survey_file
from training.table.dataset import load_dataset
from training.table.labelled_rows import LabelledRows, join_rows

BODY = TITANIC.read_bytes()
BAD = b'9,0,"No, body",male,,0,0,1,1,,S,,,\n1,1,"Two\nlines",female,30,0,0,1,1,,S,,,\n'
TEXTS = {
    "plain.csv": BODY + BAD + BODY.partition(b"\n")[2],
    "returns.csv": BODY.replace(b"\n", b"\r\n"),
    "marked.csv": codecs.BOM_UTF8 + BODY,
    "windows.csv": BODY.replace(b"Allen", b"All\xe9n"),
    "packed.csv.gz": gzip.compress(BODY),
    "wide.csv": BODY.decode().encode("utf-16"),
    "semicolons.csv": "\n".join(
        ";".join(re.sub(r"^(\d+)\.(\d+)$", r"\1,\2", cell) for cell in row)
        for row in csv.reader(BODY.decode().splitlines())
    ).encode(),
}


def survey(path: Path, size: int) -> Surveyed:
    surveyed = survey_file(path, SCHEMA.document, size)
    assert isinstance(surveyed, Surveyed), surveyed
    return surveyed


def read(path: Path, size: int) -> tuple[int, LabelledRows]:
    pieces = survey(path, size).pieces
    parts = [read_piece(path, SCHEMA.document, piece) for piece in pieces]
    assert all(isinstance(part, LabelledRows) for part in parts), parts
    return len(pieces), join_rows([part for part in parts if isinstance(part, LabelledRows)], SCHEMA)


@pytest.mark.parametrize("name", TEXTS)
def test_pieces_of_a_text_are_what_one_reader_makes_of_it(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(TEXTS[name])
    dataset = load_dataset(path, SCHEMA)
    for size in (4096, 1 << 16):
        count, rows = read(path, size)
        # What only one reader can go through from its beginning is one piece.
        assert (count > 1) == (name not in ("packed.csv.gz", "wide.csv"))
        np.testing.assert_array_equal(rows.matrix, dataset.matrix)
        np.testing.assert_array_equal(rows.outcomes, dataset.outcome)
        np.testing.assert_array_equal(rows.lines, dataset.lines)
        assert tuple(rows.bad) == dataset.report.bad_rows


def test_pieces_of_a_parquet_file_are_its_row_groups(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    parquet.write_table(arrow_csv.read_csv(TITANIC), path, row_group_size=100)
    dataset = load_dataset(path, SCHEMA)
    surveyed = survey(path, 4096)
    assert [piece.groups for piece in surveyed.pieces][:2] == [(0,), (1,)]
    assert [piece.groups for piece in survey(path, 1 << 30).pieces] == [(*range(14),)]
    _, rows = read(path, 4096)
    np.testing.assert_array_equal(rows.matrix, dataset.matrix)
    np.testing.assert_array_equal(rows.lines, dataset.lines)


def test_what_cannot_be_read_is_an_answer_and_no_failure(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("what,ever\n1,2\n")
    answer = survey_file(wrong, SCHEMA.document, 4096)
    assert isinstance(answer, InvalidInput)
    assert "no column" in str(answer)
    nested = tmp_path / "nested.parquet"
    parquet.write_table(pa.table({"survived": [1], "pclass": [[1]], "sex": ["male"]}), nested)
    assert "list" in str(survey_file(nested, SCHEMA.document, 4096))
    lost = survey_file(tmp_path / "none.csv", SCHEMA.document, 4096)
    assert isinstance(lost, InvalidInput)
    assert "by the same path" in str(lost)


def test_each_worker_gets_as_many_bytes_of_pieces_that_follow_one_another() -> None:
    pieces = [Piece(size) for size in (10, 10, 10, 10, 40, 1)]
    assert assign(pieces, 2) == [range(4), range(4, 6)]
    assert assign(pieces[:1], 3) == [range(1)]
    assert assign([], 2) == []
    sizes = [piece_bytes(size, 2) for size in (0, 115_000, 10**6, 10**12)]
    assert sizes == [4096, 8192, 65_536, 1 << 26]
