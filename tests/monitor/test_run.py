"""A run of the monitor: what is new is counted once and told of; what is damaged is named."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from functions.core.base.errors import NoChampion, UnusableRecord
from functions.core.predictions.records import folder
from functions.core.registry import deployment
from functions.core.storage.contract import Store
from functions.core.storage.folder import FolderStore
from functions.monitor import reports
from functions.monitor.state import STATE, read_state
from tests.conftest import QUICK, TITANIC
from tests.monitor.monitoring import HOUR, NOW, monitor, serve, watched
from tests.support.production import label, people, predict
from training.publication import Upload, train_and_publish


@pytest.fixture
def store(published: Path, tmp_path: Path) -> Store:
    return watched(published, tmp_path)


def test_each_object_of_the_log_is_counted_once(store: Store) -> None:
    serve(store, 20, NOW - HOUR)
    first = monitor(store)
    assert (first.sequence, first.counted.rows, first.counted.complete) == (1, 20, False)
    assert (first.counted.first, first.counted.last) == (NOW - HOUR, NOW - HOUR)
    assert first.drift is None
    serve(store, 30)
    # A late object, in an hour that was read before.
    serve(store, 5, NOW - HOUR)
    second = monitor(store)
    assert (second.sequence, second.counted.rows) == (2, 55)
    assert monitor(store) == second


def test_what_comes_a_day_late_is_counted_and_what_comes_later_is_not(store: Store) -> None:
    monitor(store)
    serve(store, 1, NOW - 24 * HOUR)
    assert monitor(store, NOW + HOUR).counted.rows == 1
    serve(store, 1, NOW - 48 * HOUR)
    assert monitor(store, NOW + HOUR).counted.rows == 1
    # Names are kept for as long as something may come among them, and no longer.
    monitor(store, NOW + 48 * HOUR)
    serve(store, 1, NOW + 48 * HOUR)
    monitor(store, NOW + 49 * HOUR)
    state, _ = read_state(store) or pytest.fail("there is a state")
    assert [key.partition("/hour")[0] for key in state.position.read] == ["predictions/dt=2026-11-23"]


def test_a_log_that_is_long_is_read_bit_by_bit(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("functions.monitor.unread.MOST_BYTES", 1)
    for hours in range(3):
        serve(store, 10, NOW - hours * HOUR)
    report = monitor(store)
    assert (report.sequence, report.counted.rows) == (3, 30)
    assert [one.counted.rows for one in reports.page(store, 3, limit=5).reports] == [30, 20, 10]


def test_what_cannot_be_read_is_told_and_other_versions_are_not_judged(store: Store) -> None:
    serve(store, 3)
    predict(store, [passenger for passenger, _ in people(4)], NOW, version="0" * 16)
    store.put(f"{folder(NOW)}damaged.jsonl", b"junk\n")
    report = monitor(store)
    assert (report.counted.rows, report.counted.of_other_versions, report.damaged_lines) == (3, 4, 1)


def test_another_champion_begins_another_window(store: Store, tmp_path: Path) -> None:
    serve(store, 10)
    assert monitor(store).counted.rows == 10
    other = promote_another(store, tmp_path)
    report = monitor(store)
    assert (report.champion, report.promotion, report.counted.rows) == (other, 2, 0)
    serve(store, 5)
    assert monitor(store).counted.rows == 5


def promote_another(store: Store, tmp_path: Path) -> str:
    """Train on fewer passengers and put what comes of it into service. Its version."""
    path = tmp_path / "fewer.csv"
    path.write_bytes(b"".join(TITANIC.read_bytes().splitlines(keepends=True)[:700]))
    upload = Upload("datasets/fewer.csv", datetime.now(UTC))
    outcome = train_and_publish(store, upload, path, by="test", configuration=QUICK)
    assert outcome.version is not None
    deployment.promote_by_hand(store, outcome.version, by="test", reason="a test", force=True)
    return outcome.version


def test_without_a_champion_there_is_nothing_to_watch(tmp_path: Path) -> None:
    with pytest.raises(NoChampion):
        monitor(FolderStore(str(tmp_path / "empty")))


def test_a_damaged_state_says_what_to_do_and_numbers_go_on_after_it(store: Store) -> None:
    assert monitor(store).sequence == 1
    store.put(STATE, b"junk")
    with pytest.raises(UnusableRecord, match="delete it"):
        monitor(store)
    store.delete(STATE)
    # What people put beside the reports has no number.
    store.put("monitoring/reports/copy of 00000001.json", b"")
    store.put("monitoring/reports/99.json", b"")
    assert monitor(store).sequence == 2


def test_a_state_of_the_release_before_is_refused_and_named(store: Store) -> None:
    monitor(store)
    state = json.loads(store.get(STATE).body)
    # It counted the probabilities of all days together, and knew a try by its labels.
    state |= {"answered": {"counts": [0] * 11, "outside": 0}, "tried": ""}
    del state["pending"]
    store.put(STATE, json.dumps(state).encode())
    with pytest.raises(UnusableRecord, match="of an earlier release; delete it"):
        monitor(store)


def test_metrics_are_in_cloudwatchs_embedded_format(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    for id_, survived in serve(store, 400, older=25).items():
        label(store, id_, survived)
    monitor(store)
    [line] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    [found] = line["_aws"]["CloudWatchMetrics"]
    assert line["_aws"]["Timestamp"] == NOW.timestamp() * 1000
    assert (found["Namespace"], found["Dimensions"]) == ("Lifeboat", [["Stage"]])
    values = {metric["Name"]: line[metric["Name"]] for metric in found["Metrics"]}
    assert values["Predictions"] == values["Labels"] == 400
    assert values["DriftedFeatures"] >= 1
    assert values["LargestPsi"] > 0.1
    assert values["LiveLogLoss"] > 0
    assert {"DriftConfirmed", "QualityFallen", "Trainings", "Champion"} <= values.keys()
    # A window that is not complete has no figures.
    serve(store, 1)
    monitor(store)
    [line] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert "LargestPsi" not in line


def test_an_alarm_stands_until_a_window_or_another_champion_ends_it(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def alarms() -> tuple[int, int]:
        monitor(store)
        [line] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        return line["DriftConfirmed"], line["DataAlarms"]

    # Nobody is a hundred years old in the champion's dataset.
    for seed in range(2):
        serve(store, 400, older=90, seed=seed)
        assert alarms() == (seed, 1)
    # Of two passengers nothing can be said: what was found still stands.
    serve(store, 2)
    assert alarms() == (1, 1)
    promote_another(store, tmp_path)
    assert alarms() == (0, 0)
