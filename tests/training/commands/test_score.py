"""`python -m training score`: files in, files of answers out."""

import csv
import gzip
import io
import multiprocessing
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import pytest
from pyarrow import csv as arrow_csv
from pyarrow import parquet

from functions.core.schema.text import row_cutting
from functions.core.storage.folder import FolderStore
from functions.core.storage.view import ModelStore
from tests.conftest import TITANIC, Send
from training.__main__ import main
from training.scoring import crew, files
from training.scoring.model import read_scoring_model


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the shipped table has many parts; only in this process, but that is the one that cuts."""
    monkeypatch.setattr("training.scoring.table.PART_BYTES", 10_000)


def rows_of(text: str) -> list[list[str]]:
    return [*csv.reader(io.StringIO(text, newline=""), strict=True)]


def score(published: Path, *arguments: object) -> int:
    return main(["score", *map(str, arguments), "--store", str(published)])


def test_each_cell_is_that_of_the_batch_route_which_has_the_ids_of_predictions_as_well(
    published: Path, tmp_path: Path, send: Send
) -> None:
    body = TITANIC.read_bytes() + b'9,0,"Nobody",male,,0,0,1,1,,S,,,\n'
    source, target = tmp_path / "rows.csv", tmp_path / "answers.csv"
    source.write_bytes(body)
    assert score(published, source, target, "--workers", 1) == 0
    [names, *_] = csv.reader(io.StringIO(body.decode()))
    keep = "&".join(f"keep={quote(name)}" for name in names)
    answer = send(
        "POST",
        f"/predict/batch?partial=true&{keep}",
        body,
        headers={"content-type": "text/csv", "accept": "text/csv"},
    )
    assert answer["statusCode"] == 200
    mine, theirs = rows_of(target.read_text(encoding="utf-8")), rows_of(answer["body"])
    for name in (*names[3:], "survived", "probability", "version", "error"):
        place = -4 if name == "survived" else mine[0].index(name)
        assert [row[place] for row in mine[1:]] == [row[theirs[0].index(name)] for row in theirs[1:]], name
    assert "prediction_id" not in mine[0]


def test_any_number_of_workers_writes_the_same_bytes(published: Path, tmp_path: Path) -> None:
    source = tmp_path / "rows.csv"
    source.write_bytes(TITANIC.read_bytes() + b'9,0,"No, body",male,,0,0,1,1,,S,,,\nshort\n')
    for name in ("answers.csv", "answers.csv.gz"):
        written = []
        for workers in (1, 2, 3):
            target = tmp_path / f"{workers}-{name}"
            assert score(published, source, target, "--workers", workers) == 0
            written.append(target.read_bytes())
        assert len(written[0]) > 20_000
        assert written[0] == written[1] == written[2]
    assert (
        gzip.decompress((tmp_path / "1-answers.csv.gz").read_bytes())
        == (tmp_path / "1-answers.csv").read_bytes()
    )


def test_a_file_in_gzip_is_answered_like_its_text(published: Path, tmp_path: Path) -> None:
    packed = tmp_path / "rows.csv.gz"
    packed.write_bytes(gzip.compress(TITANIC.read_bytes()))
    assert score(published, packed, tmp_path / "a.csv", "--workers", 2) == 0
    assert score(published, TITANIC, tmp_path / "b.csv", "--workers", 1) == 0
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


def test_a_parquet_file_is_answered_like_its_text(published: Path, tmp_path: Path) -> None:
    as_words = arrow_csv.ConvertOptions(
        column_types={name: pa.string() for name in ("cabin", "boat", "body")}
    )
    table = arrow_csv.read_csv(TITANIC, convert_options=as_words)
    parquet.write_table(table, tmp_path / "rows.parquet", row_group_size=300)
    assert score(published, tmp_path / "rows.parquet", tmp_path / "one.csv", "--workers", 1) == 0
    assert score(published, tmp_path / "rows.parquet", tmp_path / "two.csv", "--workers", 2) == 0
    assert score(published, TITANIC, tmp_path / "text.csv", "--workers", 1) == 0
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()

    def answers(name: str) -> list[list[str]]:
        return [row[-4:] for row in rows_of((tmp_path / name).read_text(encoding="utf-8"))]

    assert answers("one.csv") == answers("text.csv")


def test_several_files_are_answered_in_a_folder(
    published: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.csv").write_bytes(TITANIC.read_bytes())
    (folder / "b.csv.gz").write_bytes(gzip.compress(TITANIC.read_bytes()))
    (folder / "bad.csv").write_text("what,ever\n1,2\n")
    (folder / ".a.csv.1.partial").write_text("left behind")
    assert score(published, folder, tmp_path / "out", "--workers", 1) == 1
    said = capsys.readouterr()
    assert "refused: " in said.err
    assert "bad.csv" in said.err
    assert "2 of 3 files are scored" in said.out
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.csv", "b.csv.gz"]
    packed = (tmp_path / "out" / "b.csv.gz").read_bytes()
    assert gzip.decompress(packed) == (tmp_path / "out" / "a.csv").read_bytes()


def test_it_says_what_became_of_columns_and_rows(
    published: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "rows.csv"
    source.write_text("pclass,sex,shoes\n1,female,3\n9,male,4\n")
    assert score(published, source, tmp_path / "answers.csv", "--workers", 1) == 0
    said = capsys.readouterr().out
    assert "columns passed over: shoes" in said
    assert "answers.csv: 2 rows, scored by version" in said
    assert "1 of them were not: the last column says why" in said


@pytest.mark.parametrize("body", ["", "what,ever\n1,2\n", 'pclass,sex\n1,male\n"2,male\n', "pclass,sex\n\0"])
@pytest.mark.parametrize("workers", [1, 2])
def test_a_file_that_is_refused_leaves_no_answers(
    published: Path, tmp_path: Path, body: str, workers: int, capsys: pytest.CaptureFixture[str]
) -> None:
    source, target = tmp_path / "rows.csv", tmp_path / "out" / "answers.csv"
    source.write_text(body)
    assert score(published, source, target, "--workers", workers) == 1
    assert "refused: " in capsys.readouterr().err
    assert not [*target.parent.iterdir()]


def test_a_file_in_gzip_that_is_cut_off_leaves_no_answers(published: Path, tmp_path: Path) -> None:
    source, target = tmp_path / "rows.csv.gz", tmp_path / "answers.csv"
    source.write_bytes(gzip.compress(TITANIC.read_bytes())[:-100])
    assert score(published, source, target, "--workers", 1) == 1
    assert [*tmp_path.iterdir()] == [source]


def test_a_file_that_changes_meanwhile_leaves_no_answers(
    published: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = tmp_path / "rows.csv", tmp_path / "answers.csv"
    source.write_bytes(TITANIC.read_bytes())
    target.write_text("what was there before")
    cut_rows = row_cutting.cut_rows

    def changing(*arguments: Any, **options: Any) -> Iterator[row_cutting.Part]:
        yield from cut_rows(*arguments, **options)
        source.write_bytes(TITANIC.read_bytes().replace(b"male", b"Male"))

    monkeypatch.setattr("training.scoring.table.cut_rows", changing)
    assert score(published, source, target, "--workers", 1) == 1
    assert "has changed while it was scored" in capsys.readouterr().err
    assert target.read_text() == "what was there before"


def test_the_answers_are_not_written_over_the_rows(
    published: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "rows.csv"
    source.write_bytes(TITANIC.read_bytes())
    assert score(published, source, source) == 1
    assert score(published, source, tmp_path) == 1
    assert capsys.readouterr().err.count("would be written over") == 2
    assert score(published, source, TITANIC, tmp_path / "rows.csv") == 1
    assert "and " in capsys.readouterr().err
    assert source.read_bytes() == TITANIC.read_bytes()


def test_two_files_of_one_name_are_refused(
    published: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "rows.csv").write_bytes(TITANIC.read_bytes())
    assert score(published, tmp_path / "a" / "rows.csv", tmp_path / "b" / "rows.csv", tmp_path / "out") == 1
    assert "would both be answered in" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--workers", "0"], "at least 1"),
        (["--version", "abc"], "no version abc is published"),
        (["--model", "nobody"], "nobody"),
    ],
)
def test_what_cannot_be_is_said(
    published: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert score(published, TITANIC, tmp_path / "answers.csv", *arguments) == 1
    assert said in capsys.readouterr().err
    assert not [*tmp_path.iterdir()]


def test_a_file_that_stops_being_csv_midway_holds_up_none_behind_it(published: Path, tmp_path: Path) -> None:
    """In a process of its own, which would wait for ever for an answer that was read already."""
    header, *rows = TITANIC.read_text(encoding="utf-8").splitlines(keepends=True)
    broken = rows * 40
    broken[100] = '1,1,"a"b,male,,0,0,1,1,,S,,,\n'
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_text(header + "".join(broken), encoding="utf-8")
    (tmp_path / "in" / "b.csv").write_bytes(TITANIC.read_bytes())
    done = subprocess.run(
        [sys.executable, "-m", "training", "score", tmp_path / "in", tmp_path / "out",
         "--workers", "2", "--store", published],
        capture_output=True, text=True, check=False, timeout=90,
    )  # fmt: skip
    assert done.returncode == 1
    assert "the file stops being CSV at line 102: text follows a closing quote" in done.stderr
    assert "1 of 2 files are scored" in done.stdout
    assert score(published, TITANIC, tmp_path / "alone.csv", "--workers", 1) == 0
    assert (tmp_path / "out" / "b.csv").read_bytes() == (tmp_path / "alone.csv").read_bytes()


def test_a_worker_that_dies_is_told_of(published: Path, tmp_path: Path) -> None:
    model = read_scoring_model(ModelStore(FolderStore(str(published)), "titanic"))
    target = tmp_path / "answers.csv"
    with crew.local_crew(model, 2) as workers:

        def kill(_done: int, _of: int) -> None:
            for process in multiprocessing.active_children():
                process.kill()

        with pytest.raises(crew.WorkerDied, match="--workers 1"):
            files.score_file(TITANIC, target, model.reader(), workers, kill)
    assert not [*tmp_path.iterdir()]


def test_scoring_imports_neither_scikit_learn_nor_the_exporter() -> None:
    code = "import sys, training.__main__ as m; m._parser('score'); import training.commands.score; "
    code += "print([name for name in ('sklearn', 'scipy', 'onnx', 'pyarrow', 'dask') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
