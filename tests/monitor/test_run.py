"""A run of the monitor: what is new is counted once and told of; what is damaged is named."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from functions.core.base.errors import NoChampion, UnusableModel, UnusableRecord
from functions.core.base.ids import new_ids
from functions.core.predictions.records import folder
from functions.core.registry import deployment
from functions.core.storage.folder import FolderStore
from functions.core.storage.view import ModelStore
from functions.monitor import reports
from functions.monitor.state import STATE, read_state
from tests.monitor.churn import CHURN_VERSION, churning, log_churn
from tests.monitor.monitoring import HOUR, NOW, monitor, serve, watched
from tests.support.production import (
    SOMEBODY,
    champion_of,
    ids_of,
    label,
    logged_line,
    predict,
    refusal_line,
)
from tests.support.titanic import MODEL, TABLE, people
from tests.support.training import publish
from tests.support.versions import overwrite_manifest


@pytest.fixture
def store(published: Path, tmp_path: Path) -> ModelStore:
    return watched(published, tmp_path)


def test_each_object_of_the_log_is_counted_once(store: ModelStore) -> None:
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


def test_what_comes_a_day_late_is_counted_and_what_comes_later_is_not(store: ModelStore) -> None:
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


def test_a_log_that_is_long_is_read_bit_by_bit(store: ModelStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("functions.monitor.unread.MAX_BYTES", 1)
    for hours in range(3):
        serve(store, 10, NOW - hours * HOUR)
    report = monitor(store)
    assert (report.sequence, report.counted.rows) == (3, 30)
    assert [one.counted.rows for one in reports.list_reports(store, 3, limit=5).reports] == [30, 20, 10]


def test_what_cannot_be_read_is_told_and_other_versions_are_not_judged(store: ModelStore) -> None:
    serve(store, 3)
    predict(store, [row for row, _ in people(4)], NOW, version="0" * 16)
    store.put(f"{folder(NOW)}damaged.jsonl", b"junk\n")
    report = monitor(store)
    assert (report.counted.rows, report.counted.of_other_versions, report.damaged_lines) == (3, 4, 1)


@pytest.mark.parametrize(
    "change",
    [
        {"sex": "captain"},
        {"age": "old"},
        {"fare": None, "sex": ""},
        {"cabin": "C85", "pclass": "3"},
    ],
)
def test_a_record_that_does_not_fit_the_champions_schema_is_damaged(
    store: ModelStore, change: dict[str, Any]
) -> None:
    champion = champion_of(store).version
    [good, bad, lacking] = ids_of(3, NOW)
    without_age = {name: value for name, value in SOMEBODY.items() if name != "age"}
    lines = [
        logged_line(good, version=champion, features={**SOMEBODY, "cabin": "C85"}),
        logged_line(bad, version=champion, features=SOMEBODY | change),
        logged_line(lacking, version=champion, features=without_age),
    ]
    store.put(f"{folder(NOW)}lines.jsonl", b"".join(lines))
    for id_ in (good, bad, lacking):
        label(store, id_, True)
    report = monitor(store, requested=True)
    # What is unknown to the schema is passed over.
    assert (report.counted.rows, report.damaged_lines) == (1, 2)
    assert (report.live.labels, report.training.labels) == (1, 1)


def test_what_another_model_answered_is_not_counted(store: ModelStore) -> None:
    other = churning(store._store)
    serve(store, 5)
    log_churn(other, 7, NOW)
    [id_] = new_ids(1)
    other.put(f"{folder(NOW)}refused.jsonl", refusal_line(id_, 3, model="churn", fee=3))
    reports_of = monitor(store), monitor(other)
    assert [one.model for one in reports_of] == [MODEL, "churn"]
    assert [one.counted.rows for one in reports_of] == [5, 7]
    assert [one.counted.of_other_versions + one.damaged_lines for one in reports_of] == [0, 0]
    states = [read_state(view) or pytest.fail("there is a state") for view in (store, other)]
    assert [(state.asked.scored, state.asked.refused) for state, _ in states] == [(5, 0), (7, 3)]
    # Each of the two is found in its own part of the store.
    assert reports.read_report(other, 1) == reports_of[1]


def test_a_log_that_is_read_in_parts_is_read_to_its_end(
    store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("functions.monitor.unread.MAX_BYTES", 1)
    for hours in range(3):
        serve(store, 10, NOW - hours * HOUR)
    report = monitor(store)
    assert (report.sequence, report.counted.rows) == (3, 30)
    assert monitor(store).sequence == 3


def test_another_champion_begins_another_window(store: ModelStore, tmp_path: Path) -> None:
    serve(store, 10)
    assert monitor(store).counted.rows == 10
    other = promote_another(store, tmp_path)
    report = monitor(store)
    assert (report.champion, report.promotion, report.counted.rows) == (other, 2, 0)
    serve(store, 5)
    assert monitor(store).counted.rows == 5


def promote_another(store: ModelStore, tmp_path: Path) -> str:
    """Train on fewer rows and put what comes of it into service. Its version."""
    path = tmp_path / "fewer.csv"
    path.write_bytes(b"".join(TABLE.read_bytes().splitlines(keepends=True)[:700]))
    version = publish(store, path, "datasets/fewer.csv").version
    assert version is not None
    deployment.promote_by_hand(store, version, by="test", reason="a test", force=True)
    return version


def test_without_a_champion_there_is_nothing_to_watch(tmp_path: Path) -> None:
    with pytest.raises(NoChampion):
        monitor(ModelStore(FolderStore(str(tmp_path / "empty")), MODEL))


def test_a_damaged_state_says_what_to_do_and_numbers_go_on_after_it(store: ModelStore) -> None:
    assert monitor(store).sequence == 1
    store.put(STATE, b"junk")
    with pytest.raises(UnusableRecord, match=r"monitoring/titanic/state.json .* delete it"):
        monitor(store)
    store.delete(STATE)
    # What people put beside the reports has no number.
    store.put("monitoring/reports/copy of 00000001.json", b"")
    store.put("monitoring/reports/99.json", b"")
    assert monitor(store).sequence == 2


@pytest.mark.parametrize(
    "damage",
    [
        lambda state: state["window"]["tallies"].pop("age"),
        lambda state: state["window"]["tallies"]["age"]["counts"].pop(),
        lambda state: state["window"]["tallies"]["age"].update(counts=[-1]),
        lambda state: state["position"].update(since="2126-01-01T00:00:00Z"),
        lambda state: state.update(considered="2026-11-01T00:00:00"),
        lambda state: state.update(answered={"2026-11-21": {"counts": [1]}}),
    ],
)
def test_a_state_that_does_not_fit_its_champion_is_damaged(
    store: ModelStore, damage: Callable[[dict[str, Any]], None]
) -> None:
    monitor(store)
    state = json.loads(store.get(STATE).body)
    damage(state)
    store.put(STATE, json.dumps(state).encode())
    with pytest.raises(UnusableRecord, match=r"monitoring/titanic/state.json .* delete it"):
        monitor(store)


@pytest.mark.parametrize("name", ["probability", "age"])
def test_a_champion_without_its_reference_is_unusable(store: ModelStore, name: str) -> None:
    champion = champion_of(store)
    manifest = json.loads(champion.as_json())
    del manifest["reference"][name]
    overwrite_manifest(store, champion.version, json.dumps(manifest).encode())
    with pytest.raises(UnusableModel, match="the reference distributions of version"):
        monitor(store)


def test_a_state_of_the_release_before_is_refused_and_named(store: ModelStore) -> None:
    monitor(store)
    state = json.loads(store.get(STATE).body)
    # It counted the probabilities of all days together, and knew a try by its labels.
    state |= {"answered": {"counts": [0] * 11, "outside": 0}, "tried": ""}
    del state["pending"]
    store.put(STATE, json.dumps(state).encode())
    with pytest.raises(UnusableRecord, match="of an earlier release; delete it"):
        monitor(store)


def test_metrics_are_in_cloudwatchs_embedded_format(
    store: ModelStore, capsys: pytest.CaptureFixture[str]
) -> None:
    for id_, survived in serve(store, 400, older=25).items():
        label(store, id_, survived)
    monitor(store)
    [line] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    found, by_stage = line["_aws"]["CloudWatchMetrics"]
    assert line["_aws"]["Timestamp"] == NOW.timestamp() * 1000
    assert (found["Namespace"], found["Dimensions"]) == ("Lifeboat", [["Stage", "Model"]])
    assert (by_stage["Namespace"], by_stage["Dimensions"]) == ("Lifeboat", [["Stage"]])
    names = [{metric["Name"] for metric in one["Metrics"]} for one in (found, by_stage)]
    assert names[0] - names[1] == {"DriftConfirmed", "QualityFallen", "DataAlarms"}
    assert (line["Stage"], line["Model"]) == ("dev", MODEL)
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


def test_figures_by_stage_alone_are_those_of_the_default_model(
    store: ModelStore, capsys: pytest.CaptureFixture[str]
) -> None:
    other = churning(store._store)

    def dimensions(default: str) -> list[Any]:
        log_churn(other, 1, NOW)
        monitor(other, settings={"default_model": default})
        [line] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert (line["Model"], line["champion"]) == ("churn", CHURN_VERSION)
        return [one["Dimensions"] for one in line["_aws"]["CloudWatchMetrics"]]

    assert dimensions(MODEL) == [[["Stage", "Model"]]]
    assert dimensions("churn") == [[["Stage", "Model"]], [["Stage"]]]


def test_an_alarm_stands_until_a_window_or_another_champion_ends_it(
    store: ModelStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def alarms() -> tuple[int, int]:
        monitor(store)
        [line] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        return line["DriftConfirmed"], line["DataAlarms"]

    # Nobody is a hundred years old in the champion's dataset.
    for seed in range(2):
        serve(store, 400, older=90, seed=seed)
        assert alarms() == (seed, 1)
    # Of two rows nothing can be said: what was found still stands.
    serve(store, 2)
    assert alarms() == (1, 1)
    promote_another(store, tmp_path)
    assert alarms() == (0, 0)
