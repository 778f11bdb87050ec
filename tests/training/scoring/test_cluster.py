"""Files scored on Dask."""

import gzip
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from functions.core.base.errors import InvalidInput
from functions.core.storage.folder import FolderStore
from functions.core.storage.view import ModelStore
from tests.conftest import TITANIC
from tests.training.cluster.scheduling import scheduler
from training.__main__ import main
from training.scoring.cluster import cluster_crew
from training.scoring.located import LocatedPart, PartReader
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


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the workers of the scheduler work in."""
    return tmp_path_factory.mktemp("elsewhere")


@pytest.fixture(scope="module")
def address(elsewhere: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with scheduler(tmp_path_factory.mktemp("scheduler"), [elsewhere, elsewhere]) as address:
        yield address


@pytest.fixture
def alone(published: Path, tmp_path: Path, small_parts: None) -> bytes:
    """The answers of one process."""
    assert main(["score", str(TITANIC), str(tmp_path / "one.csv"), "--store", str(published)]) == 0
    return (tmp_path / "one.csv").read_bytes()


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.scoring.table.PART_BYTES", 10_000)


def test_workers_of_a_scheduler_write_the_same_bytes_and_leave_nothing_behind(
    published: Path, tmp_path: Path, address: str, alone: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    packed = tmp_path / "packed.csv.gz"
    packed.write_bytes(gzip.compress(TITANIC.read_bytes()))
    out = tmp_path / "out"
    store = ["--store", str(published), "--cluster", address]
    assert main(["score", str(TITANIC), str(packed), str(out), *store]) == 0
    assert "do not find" not in capfd.readouterr().err
    assert (out / TITANIC.name).read_bytes() == alone
    assert gzip.decompress((out / packed.name).read_bytes()) == alone
    assert sorted(path.name for path in out.iterdir()) == sorted([TITANIC.name, packed.name])


only_linux = pytest.mark.skipif(not Path("/proc/self/cwd").exists(), reason="a path of each process's own")
# By this path, each process finds what is in the folder it works in.
OWN = Path("/proc/self/cwd/own.csv")


@only_linux
def test_workers_that_do_not_find_the_file_or_the_folder_are_sent_its_parts(
    published: Path,
    tmp_path: Path,
    address: str,
    alone: bytes,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    OWN.write_bytes(TITANIC.read_bytes())
    answers = OWN.with_name("answers.csv")
    assert main(["score", str(OWN), str(answers), "--store", str(published), "--cluster", address]) == 0
    assert f"2 of 2 workers do not find {OWN}" in capfd.readouterr().err
    assert answers.read_bytes() == alone


@only_linux
@pytest.mark.usefixtures("small_parts")
def test_a_worker_that_finds_another_file_by_the_same_path_says_so(
    published: Path,
    tmp_path: Path,
    address: str,
    elsewhere: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    OWN.write_bytes(TITANIC.read_bytes())
    other = elsewhere / OWN.name
    other.write_bytes(TITANIC.read_bytes().replace(b"female", b"Female"))
    try:
        answers = tmp_path / "out" / "answers.csv"
        assert main(["score", str(OWN), str(answers), "--store", str(published), "--cluster", address]) == 1
    finally:
        other.unlink()
    assert f"a worker finds another file at {OWN}" in capfd.readouterr().err
    assert [*answers.parent.iterdir()] == []


def test_a_part_of_a_file_that_is_gone_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="by the same path"):
        PartReader().read(tmp_path / "none.csv", LocatedPart(0, 1, 1, 0))
