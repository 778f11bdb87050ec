"""Runs of the monitor that die or meet others: each leads to one report, and nothing is counted twice."""

import json
import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from functions.core.base.errors import Conflict, StoreUnavailable
from functions.core.registry.lineage import from_metadata
from functions.core.storage.folder import FolderStore
from functions.core.storage.view import ModelStore
from functions.monitor import metrics, reports
from functions.monitor import run as run_module
from functions.monitor.report import Report
from functions.monitor.schedule import run_for_all
from functions.monitor.state import State, read_state, write_state
from tests.monitor.churn import churning, log_churn
from tests.monitor.monitoring import (
    HOUR,
    NOW,
    SETTINGS,
    UPLOADED_FULL,
    Died,
    Mortal,
    datasets,
    monitor,
    mortal,
    serve,
    serve_labelled,
    watched,
)
from tests.support.production import label
from tests.support.titanic import MODEL


@pytest.fixture
def store(published: Path, tmp_path: Path) -> ModelStore:
    return watched(published, tmp_path)


def state_of(store: ModelStore) -> State:
    state, _ = read_state(store) or pytest.fail("there is a state")
    return state


def made(store: ModelStore) -> list[str]:
    return [key for key in datasets(store) if key != UPLOADED_FULL]


def dying(root: Path, last: int) -> ModelStore:
    """A store whose user dies in place of write number `last`, counted from 1."""
    return mortal(root, lambda number, _: number == last)


def test_a_run_that_dies_at_any_of_its_writes_is_finished_by_the_next_one(
    store: ModelStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outcomes = serve(store, 400, older=25)
    monitor(store)
    outcomes |= serve(store, 400, older=25, seed=1)
    for id_, survived in [*outcomes.items()][::10]:
        label(store, id_, survived)
    start = tmp_path / "store"
    shutil.copytree(start, tmp_path / "undisturbed")
    undisturbed = ModelStore(FolderStore(str(tmp_path / "undisturbed")), MODEL)
    expected = monitor(undisturbed)
    assert expected.training.outcome == "uploaded"
    deaths = 0
    while True:
        root = tmp_path / f"dies-at-{deaths + 1}"
        shutil.copytree(start, root)
        capsys.readouterr()
        try:
            monitor(dying(root, deaths + 1))
            break
        except Died:
            deaths += 1
        after = ModelStore(FolderStore(str(root)), MODEL)
        assert monitor(after) == expected
        assert reports.read_report(after, expected.sequence) == expected
        assert state_of(after) == state_of(undisturbed)
        [dataset] = made(after)
        [copy] = after.list("monitoring/datasets/")
        key = after.relative(dataset)
        assert after.get(key) == undisturbed.get(key) == after.get(copy.key)
        assert from_metadata(after.head(key).metadata) is not None
        # The alarms are told twice by who dies between telling and writing the report, by no one never.
        assert 1 <= capsys.readouterr().out.count('"monitoring"') <= 2
    # What is labelled, the dataset's copy, the state with the decision, the report, the dataset, the state
    # without.
    assert deaths == 6


def test_who_dies_while_telling_the_alarms_is_followed_by_one_who_tells_them(
    store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Report] = []

    def die(*_: object) -> None:
        raise Died

    monkeypatch.setattr(metrics, "emit_report", die)
    with pytest.raises(Died):
        monitor(store)
    monkeypatch.setattr(metrics, "emit_report", lambda report, _: told.append(report))
    assert told == [] != [monitor(store)] == told


def test_a_dataset_that_was_decided_on_is_uploaded_as_it_was_whatever_comes_in_between(
    store: ModelStore, tmp_path: Path
) -> None:
    serve_labelled(store, 60, at=NOW)
    monitor(store)
    # The copy, the state, the report: dead before the upload.
    with pytest.raises(Died):
        monitor(dying(tmp_path / "store", 4), requested=True)
    assert made(store) == []
    decided = state_of(store)
    serve_labelled(store, 5, seed=1, at=NOW)
    # Another model's being due does not come before.
    report = monitor(store, NOW + HOUR, requested=True)
    first, second = decided.report.training.dataset, report.training.dataset
    assert sorted(made(store)) == sorted([str(first), str(second)])
    assert report.training.labels == 65
    assert len(store.get(store.relative(str(first))).body.splitlines()) == 1 + 1309 + 60
    assert state_of(store).started == [NOW, NOW + HOUR]


def test_no_death_outwits_the_limit_of_trainings(store: ModelStore, tmp_path: Path) -> None:
    for seed in range(5):
        serve_labelled(store, 1, seed, at=NOW)
        # At its upload, where it has one.
        with suppress(Died):
            monitor(dying(tmp_path / "store", 6), requested=True)
        monitor(store)
    assert len(made(store)) == len(state_of(store).started) == 3


class Away(FolderStore):
    """A store that does not take datasets."""

    def create(self, key: str, body: bytes, *, metadata: Mapping[str, str] | None = None) -> str:
        if key.startswith("datasets/"):
            raise StoreUnavailable("the store is away")
        return super().create(key, body, metadata=metadata)


def test_an_upload_that_fails_is_left_to_the_next_run(
    store: ModelStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    serve_labelled(store, 60, wrong=True, at=NOW)
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            monitor(ModelStore(Away(str(tmp_path / "store")), MODEL))
        assert made(store) == []
    report = monitor(store, NOW + HOUR)
    assert (report.sequence, report.training.outcome) == (1, "uploaded")
    assert made(store) == [report.training.dataset]
    [line] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert line["Trainings"] == 1


def test_a_dataset_that_was_lost_before_its_upload_is_made_anew(
    store: ModelStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    serve_labelled(store, 60, wrong=True, at=NOW)
    with pytest.raises(StoreUnavailable):
        monitor(ModelStore(Away(str(tmp_path / "store")), MODEL))
    [copy] = store.list("monitoring/datasets/")
    store.delete(copy.key)
    assert monitor(store, NOW + HOUR).sequence == 1
    assert "gone before it was uploaded" in capsys.readouterr().out
    assert made(store) == []
    again = monitor(store, NOW + 25 * HOUR)
    assert (again.training.reason, again.training.outcome) == ("quality", "uploaded")
    assert made(store) == [again.training.dataset]


def test_runs_at_once_make_one_report_and_one_dataset_and_count_nothing_twice(
    store: ModelStore, capsys: pytest.CaptureFixture[str]
) -> None:
    outcomes = serve(store, 350)
    for id_, survived in [*outcomes.items()][:60]:
        label(store, id_, not survived)
    with ThreadPoolExecutor(8) as pool:
        found = [*pool.map(lambda _: monitor(store), range(8))]
    assert all(report == found[0] for report in found)
    assert (found[0].sequence, found[0].counted.rows, found[0].live.labels) == (1, 350, 60)
    assert (found[0].training.reason, found[0].training.outcome) == ("quality", "uploaded")
    assert [*store.list("monitoring/reports/")] == [store.head("monitoring/reports/00000001.json")]
    assert made(store) == [found[0].training.dataset]
    assert len(state_of(store).started) == 1
    assert state_of(store).pending is None


def test_who_asks_for_a_model_is_answered_as_it_was_though_another_run_is_first(
    store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve_labelled(store, 60, at=NOW)
    others: list[Report] = []

    def second(store: ModelStore, state: State, *, etag: str | None) -> str:
        monkeypatch.setattr(run_module, "write_state", write_state)
        others.append(monitor(store))
        return write_state(store, state, etag=etag)

    monkeypatch.setattr(run_module, "write_state", second)
    report = monitor(store, requested=True)
    assert [other.training.outcome for other in others] == ["not due"]
    assert (report.sequence, report.training.reason, report.training.outcome) == (2, "request", "uploaded")
    assert made(store) == [report.training.dataset]
    assert len(state_of(store).started) == 1


def test_a_run_that_is_never_first_says_so(store: ModelStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(*_: object, **__: object) -> None:
        raise Conflict("somebody else was first")

    monkeypatch.setattr("functions.monitor.run.write_state", lost)
    with pytest.raises(Conflict, match="first"):
        monitor(store)


def models_with_a_log(folder: Path, *names: str) -> FolderStore:
    """Models with a log of three parts, and labels. The second has twice as many rows as the first."""
    whole = FolderStore(str(folder))
    for number, name in enumerate(names, start=1):
        view = churning(whole, name)
        for hours in range(3):
            ids = log_churn(view, 10 * number, NOW - hours * HOUR)
            label(view, ids[0], True)
    return whole


def states_of(whole: FolderStore, *names: str) -> list[State]:
    return [state_of(ModelStore(whole, name)) for name in names]


def test_an_hour_that_dies_at_any_write_of_any_model_is_finished_by_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Two models and three parts, each of an hour: one is the first, one the last, and one neither.
    names = ("alpha", "beta")
    log = models_with_a_log(tmp_path / "start", *names).list("predictions/")
    monkeypatch.setattr("functions.monitor.unread.MAX_BYTES", sum(entry.size for entry in log) // 3)
    shutil.copytree(tmp_path / "start", tmp_path / "undisturbed")
    undisturbed = FolderStore(str(tmp_path / "undisturbed"))
    run_for_all(undisturbed, SETTINGS, now=NOW, seconds=270)
    expected = states_of(undisturbed, *names)
    assert [state.report.counted.rows for state in expected] == [30, 60]
    assert [state.report.sequence for state in expected] == [3, 3]
    deaths = 0
    while True:
        root = tmp_path / f"dies-at-{deaths + 1}"
        shutil.copytree(tmp_path / "start", root)
        last = deaths + 1
        try:
            run_for_all(Mortal(root, lambda number, _: number == last), SETTINGS, now=NOW, seconds=270)  # noqa: B023
            break
        except Died:
            deaths += 1
        whole = FolderStore(str(root))
        run_for_all(whole, SETTINGS, now=NOW, seconds=270)
        assert states_of(whole, *names) == expected
        for state in expected:
            view = ModelStore(whole, state.report.model)
            numbers = range(1, state.report.sequence + 1)
            assert all(reports.has_report(view, number) for number in numbers)
        shutil.rmtree(root)
    # For each part of each model its state and its report, and once what is labelled.
    assert deaths >= 2 * 2 * 3


def test_hours_at_once_count_nothing_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("functions.monitor.unread.MAX_BYTES", 9_000)
    names = ("alpha", "beta", "gamma")
    whole = models_with_a_log(tmp_path / "store", *names)
    with ThreadPoolExecutor(4) as pool:
        [*pool.map(lambda _: run_for_all(whole, SETTINGS, now=NOW, seconds=270), range(4))]
    states = states_of(whole, *names)
    assert [state.report.counted.rows for state in states] == [30, 60, 90]
    assert [state.report.live.labels for state in states] == [3, 3, 3]
