"""The log of all models is read once by the run that watches them, and again only for who needs it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from functions.core.storage.contract import Blob, Entry
from functions.core.storage.folder import FolderStore
from functions.core.storage.view import ModelStore
from functions.monitor import shared_log
from functions.monitor.intake import read_champion
from functions.monitor.schedule import run_for_all
from functions.monitor.shared_log import SharedLog
from functions.monitor.state import read_state
from tests.monitor.churn import churning, log_churn
from tests.monitor.monitoring import HOUR, NOW, SETTINGS, monitor
from tests.support.production import label

NAMES = ["alpha", "beta", "gamma"]


class Noting(FolderStore):
    """A store that notes what is read of the log, and listed."""

    def __init__(self, root: Path) -> None:
        super().__init__(str(root))
        self.read: list[str] = []
        self.listed: list[str] = []

    def get(self, key: str) -> Blob:
        self.read += [key] * key.startswith("predictions/")
        return super().get(key)

    def list(self, prefix: str) -> Iterator[Entry]:
        self.listed.append(prefix)
        return super().list(prefix)


@pytest.fixture
def whole(tmp_path: Path) -> Noting:
    return Noting(tmp_path / "store")


@pytest.fixture
def models(whole: Noting) -> list[ModelStore]:
    return [churning(whole, name) for name in NAMES]


def run_hour(whole: Noting, hours: int = 0) -> None:
    whole.read.clear()
    whole.listed.clear()
    run_for_all(whole, SETTINGS, now=NOW + hours * HOUR, seconds=270)


def counted(models: list[ModelStore]) -> list[int]:
    states = [read_state(model) for model in models]
    return [held[0].report.counted.rows if held else 0 for held in states]


def test_each_object_is_read_once_for_all_models_and_each_day_listed_once(
    whole: Noting, models: list[ModelStore]
) -> None:
    for number, model in enumerate(models, start=1):
        log_churn(model, number, NOW)
        log_churn(model, number, NOW - HOUR)
    run_hour(whole)
    assert counted(models) == [2, 4, 6]
    assert len(whole.read) == len(set(whole.read)) == 6
    days = [prefix for prefix in whole.listed if prefix.startswith("predictions/")]
    assert days == ["predictions/dt=2026-11-20/", "predictions/dt=2026-11-21/"]
    # One listing of a month of labels, and of the days at its end: 29 days are looked at.
    assert len([prefix for prefix in whole.listed if prefix.startswith("feedback/alpha/")]) <= 9
    run_hour(whole, 1)
    assert whole.read == []


def test_a_model_that_is_not_as_far_as_the_others_catches_up_and_nothing_is_counted_twice(
    whole: Noting, models: list[ModelStore]
) -> None:
    log_churn(models[0], 5, NOW - HOUR)
    monitor(models[0])
    for model in models:
        log_churn(model, 3, NOW)
    run_hour(whole)
    # Of the first model only what was new: the others have the older object read as well.
    assert counted(models) == [8, 3, 3]
    run_hour(whole, 1)
    log_churn(models[1], 1, NOW + HOUR)
    run_hour(whole, 1)
    assert counted(models) == [8, 4, 3]
    assert len(whole.read) == 1


def test_who_has_another_champion_by_now_has_the_part_read_for_itself(
    whole: Noting, models: list[ModelStore]
) -> None:
    manifests = {model.model: read_champion(model)[1] for model in models}
    for model in models:
        log_churn(model, 2, NOW)
    log = SharedLog(whole, manifests)
    entries = [*whole.list("predictions/")]
    another = manifests["beta"].model_copy(update={"version": "d" * 16})
    assert log.count("alpha", manifests["alpha"], entries).window.rows == 2
    found = log.count("beta", another, entries)
    assert (found.window.rows, found.window.of_other_versions) == (0, 2)
    assert log.count("gamma", manifests["gamma"], entries).window.rows == 2


def test_labels_of_what_was_just_counted_take_no_further_reading(
    whole: Noting, models: list[ModelStore]
) -> None:
    for model in models:
        label(model, log_churn(model, 3, NOW)[0], True)
    run_hour(whole)
    assert len(whole.read) == 3
    assert [held[0].report.live.labels for model in models if (held := read_state(model))] == [1, 1, 1]


def test_no_more_is_kept_of_what_was_read_than_there_is_room_for(
    whole: Noting, models: list[ModelStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_log, "_KEPT_BYTES", 1_000)
    for hours in range(4):
        log_churn(models[0], 2, NOW - hours * HOUR)
    entries = [*whole.list("predictions/")]
    log = SharedLog(whole, {})
    bodies = [*log.bodies(entries)]
    assert bodies == [*log.bodies(entries)] == [whole.get(entry.key).body for entry in entries]
    assert sum(map(len, log._kept.values())) <= 1_000
