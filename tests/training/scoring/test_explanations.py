"""`python -m training score --explain`: what each feature contributed, as the API says it."""

import csv
import io
from pathlib import Path

import pytest
from pyarrow import csv as arrow_csv
from pyarrow import parquet

from functions.core.base.errors import UnusableModel
from functions.core.registry import serving
from functions.core.storage.folder import FolderStore
from functions.core.storage.view import ModelStore
from tests.conftest import SCHEMA, TITANIC, Send
from training.__main__ import main
from training.scoring.model import read_scoring_model

ROWS = 12


def score(published: Path, *arguments: object) -> int:
    return main(["score", *map(str, arguments), "--store", str(published)])


def rows_of(text: str) -> list[list[str]]:
    return [*csv.reader(io.StringIO(text, newline=""), strict=True)]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "rows.csv"
    lines = TITANIC.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[: ROWS + 1]) + '9,0,"Nobody",male,,0,0,1,1,,S,,,\n', encoding="utf-8")
    return path


def test_each_explanation_is_that_of_the_batch_route(
    published: Path, tmp_path: Path, send: Send, source: Path
) -> None:
    target = tmp_path / "answers.csv"
    assert score(published, source, target, "--workers", 1, "--explain") == 0
    answer = send(
        "POST",
        "/predict/batch?partial=true&explain=true",
        source.read_bytes(),
        headers={"content-type": "text/csv", "accept": "text/csv"},
    )
    assert answer["statusCode"] == 200, answer["body"]
    mine, api = rows_of(target.read_text(encoding="utf-8")), rows_of(answer["body"])
    names = ["base_probability", *(f"contribution_{name}" for name in SCHEMA.names)]
    for name in names:
        assert [row[mine[0].index(name)] for row in mine[1:]] == [row[api[0].index(name)] for row in api[1:]]
    # They add up to the probability; a bad row has none, and a reason.
    *good, bad = mine[1:]
    for row in good:
        parts = [float(row[mine[0].index(name)]) for name in names]
        assert sum(parts) == pytest.approx(float(row[mine[0].index("probability")]), abs=1e-6)
    assert {bad[mine[0].index(name)] for name in names} == {""}
    assert "pclass" in bad[-1]


def test_any_number_of_workers_explains_the_same(
    published: Path, tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.scoring.table._EXPLAINED_BYTES", 512)
    written = []
    for number, workers in enumerate((["--workers", "1"], ["--workers", "2"])):
        target = tmp_path / f"{number}.csv"
        assert score(published, source, target, "--explain", *workers) == 0
        written.append(target.read_bytes())
    assert written[0] == written[1]


def test_a_parquet_file_is_explained_as_its_text(published: Path, tmp_path: Path, source: Path) -> None:
    parquet.write_table(arrow_csv.read_csv(source), tmp_path / "rows.parquet")
    answers = []
    for name in ("rows.csv", "rows.parquet"):
        target = tmp_path / f"{name}.answers"
        assert score(published, tmp_path / name, target, "--workers", 1, "--explain") == 0
        answers.append(rows_of(target.read_text()))
    text, columns = answers
    behind = slice(text[0].index("base_probability"), None)
    assert [row[behind] for row in text] == [row[behind] for row in columns]


def test_a_version_that_cannot_explain_is_refused_before_a_row_is_read(
    published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = ModelStore(FolderStore(str(published)), "titanic")
    served = serving.read_served_version(store, serving.read_served_champion(store).version, None)
    without = served._replace(background={})
    monkeypatch.setattr("training.scoring.model.read_served_version", lambda *_: without)
    with pytest.raises(UnusableModel, match="without a background"):
        read_scoring_model(store, explained=True)
    assert read_scoring_model(store).background is None
