"""`python -m training train --cluster`: two trainings on two workers are one, and what goes wrong is said."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from functions.core.base.errors import InvalidInput
from functions.core.registry import versions
from functions.core.registry.manifest import Manifest
from functions.core.storage.folder import FolderStore
from functions.core.storage.view import ModelStore
from tests.bench.scale.write_rows import write
from tests.conftest import SCHEMA, TITANIC
from tests.support.training import QUICK, quiet
from tests.support.uploads import BUCKET, upload
from tests.training.cluster.scheduling import scheduler
from training.__main__ import main
from training.cluster.connection import WorkerLost, connect
from training.cluster.engine import Cluster
from training.cluster.fitting_there import BOOSTED
from training.model.evaluation import Probabilities, Progress, probabilities
from training.model.train import Trained, train
from training.publication.promotion import Outcome
from training.publication.upload import train_and_publish
from training.table.dataset import Dataset, RefusedDataset, load_dataset
from training.table.local_file import local_file

ROWS = 6_000


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with connect("local", 2) as client:
        yield client


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("table") / "rows.csv"
    write(TITANIC, ROWS, path)
    return path


def on_cluster(
    client: Any, store: Path, *files: Path | str, one_worker_rows: int = 0, progress: Progress = quiet
) -> Outcome:
    with local_file(*map(str, files), is_shared=True) as file:
        return train_and_publish(
            ModelStore(FolderStore(str(store)), "titanic"),
            file.upload,
            file.source,
            by="test",
            schema=SCHEMA,
            configuration=QUICK,
            engine=Cluster(client, progress, one_worker_rows=one_worker_rows),
            progress=progress,
        )


def read(client: Any, *files: Path | str) -> Dataset:
    """What the workers read of files."""
    with local_file(*map(str, files), is_shared=True) as file:
        return Cluster(client, quiet, one_worker_rows=0).begin(file.source, SCHEMA, (), QUICK).dataset()


def published(store: Path, outcome: Outcome) -> tuple[Manifest, bytes]:
    model = ModelStore(FolderStore(str(store)), "titanic")
    manifest = versions.read_manifest(model, str(outcome.version))
    return manifest, versions.read_model(model, manifest)


@pytest.fixture(scope="module")
def together(client: Any, table: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Outcome]:
    """A store, and what became of a training on two workers in it."""
    store = tmp_path_factory.mktemp("together")
    return store, on_cluster(client, store, table)


@pytest.mark.long
def test_two_trainings_on_two_workers_give_the_same_bytes_and_hold_their_certificate(
    client: Any, tmp_path: Path, table: Path, together: tuple[Path, Outcome]
) -> None:
    store, first = together
    second = on_cluster(client, tmp_path, table)
    manifest, graph = published(store, first)
    assert graph == published(tmp_path, second)[1]
    assert first.version == second.version
    assert manifest.certificate.rows == ROWS
    assert manifest.certificate.label_flips == 0
    assert manifest.certificate.largest_difference <= 1e-5
    assert manifest.model.startswith(BOOSTED)
    facts = manifest.configuration["cluster"]
    assert sum(facts["rows"]) == ROWS
    assert min(facts["rows"]) > 0.4 * ROWS
    assert facts["threads"] == 1
    assert any("on 2 workers together" in note for note in manifest.notes)
    assert any("beyond 0 rows" in note for note in first.report.notes)
    dataset = load_dataset(table, SCHEMA)
    assert manifest.dataset.train_rows == dataset.fitted.sum()


@pytest.mark.long
def test_workers_of_a_scheduler_elsewhere_give_the_same_bytes(
    tmp_path: Path, table: Path, together: tuple[Path, Outcome]
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with scheduler(tmp_path, [elsewhere, elsewhere]) as address, connect(address, 2) as client:
        outcome = on_cluster(client, tmp_path / "store", table)
    assert outcome.version == together[1].version
    assert published(tmp_path / "store", outcome)[1] == published(*together)[1]


@pytest.mark.long
def test_it_is_not_worse_than_the_model_of_one_machine_by_more_than_chance(
    tmp_path: Path, table: Path, together: tuple[Path, Outcome]
) -> None:
    dataset = load_dataset(table, SCHEMA)
    alone = train(dataset, QUICK, quiet)
    matrix, outcome = dataset.judged

    def losses(graph: bytes) -> Probabilities:
        chance = probabilities(graph, matrix, SCHEMA)
        return -np.log(np.where(outcome == 1, chance, 1 - chance))

    worse = losses(published(*together)[1]) - losses(alone.model)
    assert worse.mean() <= worse.std() / np.sqrt(len(worse))


@pytest.mark.long
def test_what_fits_one_worker_is_the_model_of_one_machine(
    client: Any, tmp_path: Path, trained: Trained
) -> None:
    outcome = on_cluster(client, tmp_path, TITANIC, one_worker_rows=10_000)
    manifest, graph = published(tmp_path, outcome)
    assert set(trained.selection) < set(manifest.selection)
    assert manifest.model == trained.name
    assert graph == trained.model
    assert any("one worker fitted the model, by scikit-learn" in note for note in manifest.notes)


@pytest.mark.long
def test_bad_rows_are_named_by_line_column_and_reason_whoever_read_them(client: Any, tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    folder.mkdir()
    lines = TITANIC.read_text().splitlines(keepends=True)
    (folder / "a.csv").write_text("".join(lines[:700]))
    lines[1200] = lines[1200].replace(lines[1200][0], "9", 1)
    (folder / "b.csv").write_text(lines[0] + "".join(lines[700:]))
    report = read(client, folder).report
    [bad] = report.bad_rows
    # Lines are numbered through: the second file begins behind the 700 of the first one.
    assert (bad.line, bad.column, bad.reason) == (700 + 502, "pclass", "must be 1, 2 or 3")
    assert report.rejected == 1
    (folder / "b.csv").write_text("what,ever\n1,2\n")
    refused = on_cluster(client, tmp_path / "store", folder)
    assert refused.status == "rejected"
    assert "b.csv: the header has no column" in refused.decision.reason
    (folder / "b.csv").write_text(lines[0].replace("parch", "other") + "".join(lines[700:]))
    with pytest.raises(RefusedDataset, match="parch are in the one"):
        read(client, folder)


@pytest.mark.long
def test_workers_read_objects_where_they_stand(client: Any, s3: Any) -> None:
    lines = TITANIC.read_bytes().splitlines(keepends=True)
    upload(s3, "parts/a.csv", b"".join(lines[:700]))
    upload(s3, "parts/b.csv", lines[0] + b"".join(lines[700:]))
    settings = {name: os.environ[name] for name in os.environ if name.startswith("AWS_")}
    client.run(lambda: os.environ.update(settings))
    dataset, alone = read(client, f"s3://{BUCKET}/parts/"), load_dataset(TITANIC, SCHEMA)
    np.testing.assert_array_equal(dataset.matrix, alone.matrix)
    np.testing.assert_array_equal(dataset.holdout, alone.holdout)


@pytest.mark.long
def test_a_worker_that_dies_is_told_of_and_nothing_is_published(tmp_path: Path) -> None:
    with connect("local", 2) as client:
        killed: list[tuple[str, int]] = []

        def kill(what: str, _done: int, _of: int) -> None:
            if what.startswith("refit") and not killed:
                killed.append(sorted(client.run(os.getpid).items())[0])
                os.kill(killed[0][1], signal.SIGKILL)
                for _ in range(100):
                    if killed[0][0] not in client.nthreads():
                        break
                    time.sleep(0.1)

        with pytest.raises(WorkerLost, match="1 of 2 workers of the cluster are gone"):
            on_cluster(client, tmp_path, TITANIC, progress=kill)
    assert [*versions.published(ModelStore(FolderStore(str(tmp_path)), "titanic"))] == []


@pytest.mark.long
@pytest.mark.parametrize(
    ("part", "here"), [("libraries", {"numpy": "1"}), ("code", {"table/matrix.py": "1"})]
)
def test_a_worker_of_other_libraries_or_code_is_refused(
    client: Any, monkeypatch: pytest.MonkeyPatch, part: str, here: dict[str, str]
) -> None:
    monkeypatch.setattr(f"training.cluster.alike.{part}", lambda: here)
    with pytest.raises(InvalidInput, match="other code or libraries"):
        Cluster(client, quiet, one_worker_rows=0)


@pytest.mark.parametrize(
    ("address", "said"),
    [("tcp://127.0.0.1:9", "no Dask scheduler answers at tcp://127.0.0.1:9"), ("no", "no Dask scheduler")],
)
def test_a_cluster_that_cannot_be_reached_is_named(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    address: str,
    said: str,
) -> None:
    monkeypatch.setattr("training.cluster.connection._CONNECT_SECONDS", 1)
    assert main(["train", "--cluster", address, "--store", str(tmp_path)]) == 1
    assert said in capsys.readouterr().err


def test_without_the_group_it_says_how_to_get_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert main(["train", "--cluster", "local", "--store", str(tmp_path)]) == 1
    assert "make scale" in capsys.readouterr().err
    assert main(["train", "--cluster", "local", "--workers", "0", "--store", str(tmp_path)]) == 1
    assert "--workers has to be at least 1" in capsys.readouterr().err
    assert main(["train", "--workers", "2", "--store", str(tmp_path)]) == 1
    assert "--workers says something of a cluster" in capsys.readouterr().err
