"""Files scored on Dask."""

import sys
from pathlib import Path

import pytest

from functions.core.base.errors import InvalidInput
from functions.core.storage.folder import FolderStore
from functions.core.storage.view import ModelStore
from tests.conftest import TITANIC
from training.__main__ import main
from training.scoring.cluster import cluster_crew
from training.scoring.model import ScoringModel, read_scoring_model


@pytest.fixture
def model(published: Path) -> ScoringModel:
    return read_scoring_model(ModelStore(FolderStore(str(published)), "titanic"))


@pytest.mark.long
def test_a_cluster_of_two_workers_writes_the_same_bytes_and_refuses_the_same_files(
    published: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.scoring.table.PART_BYTES", 10_000)
    rows, broken = tmp_path / "rows.csv", tmp_path / "broken.csv"
    rows.write_bytes(TITANIC.read_bytes() + b'9,0,"No, body",male,,0,0,1,1,,S,,,\n')
    broken.write_bytes(TITANIC.read_bytes() + b'1,0,"Never closed,male,,0,0,1,1,,S,,,\n')
    store = ["--store", str(published), "--workers"]
    assert main(["score", str(rows), str(tmp_path / "one.csv"), *store, "1"]) == 0
    out = tmp_path / "out"
    assert main(["score", str(rows), str(broken), str(out), *store, "2", "--cluster", "local"]) == 1
    assert "broken.csv: the file stops being CSV at line" in capsys.readouterr().err
    assert [path.name for path in out.iterdir()] == ["rows.csv"]
    assert (out / "rows.csv").read_bytes() == (tmp_path / "one.csv").read_bytes()


def test_without_dask_it_says_how_to_get_it(model: ScoringModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InvalidInput, match="make scale"), cluster_crew(model, "local", 2):
        pass


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense://x"])
def test_a_scheduler_that_is_not_there_is_named(
    model: ScoringModel, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setattr("training.cluster.connection._CONNECT_SECONDS", 1)
    with pytest.raises(InvalidInput, match="no Dask scheduler answers"), cluster_crew(model, address, 2):
        pass
