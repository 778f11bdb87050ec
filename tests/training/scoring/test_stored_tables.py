"""`python -m training score s3://…`: tables are read where they stand, through the store."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pyarrow import csv as arrow_csv
from pyarrow import parquet

from functions.core.base.errors import InvalidInput, NotFound
from functions.core.schema.text import row_cutting
from tests.conftest import TITANIC
from tests.support.uploads import BUCKET, upload
from training.__main__ import main
from training.table import source
from training.table.files import tables_at
from training.table.source import StoredObject, size_of

BODY = TITANIC.read_bytes()


def score(published: Path, *arguments: object) -> int:
    return main(["score", *map(str, arguments), "--store", str(published), "--workers", "1"])


def test_an_object_is_scored_as_the_file_is(
    s3: Any, published: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    upload(s3, "uploads/rows.csv", BODY)
    assert score(published, TITANIC, tmp_path / "file.csv") == 0
    assert score(published, f"s3://{BUCKET}/uploads/rows.csv", tmp_path / "object.csv") == 0
    assert (tmp_path / "file.csv").read_bytes() == (tmp_path / "object.csv").read_bytes()
    assert score(published, f"s3://{BUCKET}/uploads/none.csv", tmp_path / "none.csv") == 1
    assert "no uploads/none.csv" in capsys.readouterr().err
    assert not (tmp_path / "none.csv").exists()


def test_a_folder_of_the_store_is_scored_file_by_file(s3: Any, published: Path, tmp_path: Path) -> None:
    rows = tmp_path / "rows.parquet"
    parquet.write_table(arrow_csv.read_csv(TITANIC), rows, row_group_size=200)
    upload(s3, "march/b.csv", BODY)
    upload(s3, "march/a.parquet", rows.read_bytes())
    upload(s3, "march/_SUCCESS", b"")
    upload(s3, "march/older/c.csv", BODY)
    assert [str(table) for table in tables_at(f"s3://{BUCKET}/march/")] == [
        f"s3://{BUCKET}/march/a.parquet",
        f"s3://{BUCKET}/march/b.csv",
    ]
    assert score(published, f"s3://{BUCKET}/march/", tmp_path / "out") == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.csv", "b.csv"]
    assert score(published, rows, tmp_path / "file.csv") == 0
    assert (tmp_path / "out" / "a.csv").read_bytes() == (tmp_path / "file.csv").read_bytes()
    with pytest.raises(InvalidInput, match="has no file that ends with"):
        tables_at(f"s3://{BUCKET}/april/")
    with pytest.raises(NotFound):
        tables_at(f"s3://{BUCKET}/march")


def test_an_object_that_is_replaced_meanwhile_leaves_no_answers(
    s3: Any,
    published: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    upload(s3, "uploads/rows.csv", BODY)
    # Blocks so small, and so few of them, that the end is asked for after the first rows were scored.
    monkeypatch.setattr(source, "BLOCK_BYTES", 10_000)
    monkeypatch.setattr(source, "_BLOCKS", 1)
    monkeypatch.setattr("training.scoring.table.PART_BYTES", 10_000)
    cut_rows = row_cutting.cut_rows

    def changing(*arguments: Any, **options: Any) -> Iterator[row_cutting.Part]:
        for number, part in enumerate(cut_rows(*arguments, **options)):
            if number == 1:
                upload(s3, "uploads/rows.csv", BODY.replace(b"male", b"Male"))
            yield part

    monkeypatch.setattr("training.scoring.table.cut_rows", changing)
    assert score(published, f"s3://{BUCKET}/uploads/rows.csv", tmp_path / "answers.csv") == 1
    assert "uploads/rows.csv has changed while it was read" in capsys.readouterr().err
    assert [*tmp_path.iterdir()] == []


def test_it_says_how_large_it_is_and_begins_anew_each_time(s3: Any) -> None:
    upload(s3, "uploads/rows.csv", BODY)
    [table] = tables_at(f"s3://{BUCKET}/uploads/rows.csv")
    assert isinstance(table, StoredObject)
    assert size_of(table) == len(BODY) == size_of(TITANIC)
    for _ in range(2):
        with table.open("rb") as stream:
            assert stream.read() == BODY
