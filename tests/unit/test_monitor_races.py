"""Runs of the monitor that die or meet others: each leads to one report, and nothing is counted twice."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from functions.core.errors import Conflict
from functions.core.folder_store import FolderStore
from functions.core.store import Store
from functions.monitor import reports
from tests.monitoring import datasets, monitor, serve, watched
from tests.production import label


@pytest.fixture
def store(published: Path, tmp_path: Path) -> Store:
    return watched(published, tmp_path)


class Died(BaseException):
    """What kills a process, as far as the store can see."""


class Mortal(FolderStore):
    """A store whose user dies in place of write number `last`, counted from 1."""

    def __init__(self, root: Path, last: int) -> None:
        super().__init__(str(root))
        self._left = last

    def _written(self, key: str, body: bytes) -> Any:
        self._left -= 1
        if not self._left:
            raise Died
        return super()._written(key, body)


def test_a_run_that_dies_at_any_of_its_writes_is_finished_by_the_next_one(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outcomes = serve(store, 400, older=25)
    monitor(store)
    outcomes |= serve(store, 400, older=25, seed=1)
    for id_, survived in [*outcomes.items()][::10]:
        label(store, id_, survived)
    start = tmp_path / "store"
    shutil.copytree(start, tmp_path / "undisturbed")
    expected = monitor(FolderStore(str(tmp_path / "undisturbed")))
    assert expected.training.outcome == "uploaded"
    deaths = 0
    while True:
        root = tmp_path / f"dies-at-{deaths + 1}"
        shutil.copytree(start, root)
        capsys.readouterr()
        try:
            monitor(Mortal(root, deaths + 1))
            break
        except Died:
            deaths += 1
        after = FolderStore(str(root))
        again = monitor(after)
        # A dataset that a run uploaded before it died is found there: the next one has nothing to upload.
        assert again.training.outcome in {"uploaded", "unchanged"}
        without = {"training"}
        assert again.model_dump(exclude=without) == expected.model_dump(exclude=without)
        assert reports.read(after, again.sequence) == again
        assert datasets(after) == datasets(FolderStore(str(tmp_path / "undisturbed")))
        assert capsys.readouterr().out.count('"monitoring"') == 1
    # The last report, were it not there; what is labelled, the dataset, its lineage, the state, the report.
    assert deaths == 6


def test_runs_at_once_make_one_report_and_count_nothing_twice(store: Store) -> None:
    outcomes = serve(store, 350)
    for id_, survived in [*outcomes.items()][:60]:
        label(store, id_, survived)
    with ThreadPoolExecutor(8) as pool:
        found = [*pool.map(lambda _: monitor(store), range(8))]
    assert all(report == found[0] for report in found)
    assert (found[0].sequence, found[0].counted.rows, found[0].live.labels) == (1, 350, 60)
    assert [*store.list("monitoring/reports/")] == [store.head("monitoring/reports/00000001.json")]


def test_a_run_that_is_never_first_says_so(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(*_: object, **__: object) -> None:
        raise Conflict("somebody else was first")

    monkeypatch.setattr("functions.monitor.run.write_state", lost)
    with pytest.raises(Conflict, match="first"):
        monitor(store)
