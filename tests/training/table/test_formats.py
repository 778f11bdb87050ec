"""Several files are one table, whatever each of them is."""

from pathlib import Path

import numpy as np
import pytest
from pyarrow import csv, parquet

from functions.core.base.errors import InvalidInput
from tests.conftest import TITANIC
from tests.support.titanic import SCHEMA
from training.table.dataset import Dataset, RefusedDataset, file_sha256, load_dataset
from training.table.formats import Several, infer_any
from training.table.local_file import local_file


def split(folder: Path, at: int = 700) -> list[Path]:
    """The shipped table in two files, the second one in Parquet."""
    folder.mkdir(exist_ok=True)
    header, *rows = TITANIC.read_text(encoding="utf-8").splitlines(keepends=True)
    first = folder / "part-1.csv"
    first.write_text("".join([header, *rows[:at]]), encoding="utf-8")
    parquet.write_table(csv.read_csv(TITANIC).slice(at), folder / "part-2.parquet")
    return [first, folder / "part-2.parquet"]


def test_a_folder_of_files_of_two_formats_is_the_table_that_they_make(
    tmp_path: Path, titanic: Dataset
) -> None:
    folder = tmp_path / "passengers"
    paths = split(folder)
    (folder / "_SUCCESS").touch()
    (folder / "notes.md").touch()
    for addresses in ([str(folder)], [*map(str, paths)]):
        with local_file(*addresses) as file:
            found = load_dataset(file.source, SCHEMA)
            assert file.upload.key == Path(addresses[0]).name
        np.testing.assert_array_equal(found.matrix, titanic.matrix)
        np.testing.assert_array_equal(found.outcome, titanic.outcome)
        np.testing.assert_array_equal(found.holdout, titanic.holdout)
        # The first line of text is the header's; of Parquet, the rows are counted.
        assert found.lines.tolist() == [*range(2, 702), *range(702, 1311)]
        assert [note for note in found.report.notes if "first line" in note] == [
            "the first line of the file part-1.csv is number 1",
            "the first line of the file part-2.parquet is number 702",
        ]
        assert file_sha256(file.source) != file_sha256(TITANIC)


def test_the_schema_beside_a_folder_is_that_of_its_files(tmp_path: Path) -> None:
    split(tmp_path / "passengers")
    (tmp_path / "passengers.schema.json").write_bytes(SCHEMA.as_json())
    with local_file(f"{tmp_path / 'passengers'}/") as file:
        found = file.schema(None, use_beside=True)
    assert found is not None
    assert found.document == SCHEMA.document


def test_of_several_files_the_first_says_what_a_column_is(tmp_path: Path) -> None:
    first, second = split(tmp_path)
    inferred = infer_any(Several({"b": second, "a": first}), target="survived", name="x")
    assert inferred.document["target"]["field"] == "survived"
    assert inferred.notes[-1] == "the schema was inferred from the file b alone"


def test_a_bad_row_and_a_damaged_file_are_named_with_their_file(tmp_path: Path) -> None:
    first, second = split(tmp_path)
    with second.open("r+b") as stream:
        stream.truncate(500)
    with (
        local_file(str(first), str(second)) as file,
        pytest.raises(RefusedDataset, match=r"part-2\.parquet: the file begins as Parquet does"),
    ):
        load_dataset(file.source, SCHEMA)
    lines = first.read_text(encoding="utf-8").splitlines()
    third = tmp_path / "third.csv"
    third.write_text("\n".join([*lines[:300], lines[300].replace("male", "x", 1), lines[301]]))
    with local_file(str(first), str(third)) as file:
        [bad] = load_dataset(file.source, SCHEMA).report.bad_rows
    assert bad.line == 701 + 301


def test_files_of_other_columns_are_refused(tmp_path: Path) -> None:
    first, _ = split(tmp_path)
    other = tmp_path / "other.csv"
    other.write_text(first.read_text(encoding="utf-8").replace("age", "years", 1))
    with (
        local_file(str(first), str(other)) as file,
        pytest.raises(RefusedDataset, match=r"other\.csv: its columns are not those .*: age are in the one"),
    ):
        load_dataset(file.source, SCHEMA)


def test_an_empty_folder_and_files_that_are_not_here_are_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(InvalidInput, match=r"has no file that ends with \.gz, \.csv, \.tsv, \.txt, \.parquet"),
        local_file(str(tmp_path)),
    ):
        pass
    with (
        pytest.raises(InvalidInput, match="each has to be on this machine: download s3://b/k"),
        local_file(str(TITANIC), "s3://b/k"),
    ):
        pass


def test_two_files_of_one_name_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    first, second = (split(tmp_path / name)[0] for name in ("a", "b"))
    with local_file(str(first), str(second)) as file:
        assert isinstance(file.source, Several)
        assert [*file.source.files] == [str(first), str(second)]
        with pytest.raises(InvalidInput, match="one file is needed here, not 2"):
            file.source.open("rb")
