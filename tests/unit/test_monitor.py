"""A run of the monitor: what is new is counted once, judged, and leads to another model when that is due."""

import csv
import json
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from functions.core import promotion, registry
from functions.core.errors import Conflict, NoChampion, UnusableRecord
from functions.core.folder_store import FolderStore
from functions.core.lineage import from_metadata
from functions.core.passenger import FEATURES, Passenger
from functions.core.predictions import folder
from functions.core.store import Store
from functions.monitor import reports
from functions.monitor.labelled import labelled_days, read_labelled
from functions.monitor.report import Report
from functions.monitor.run import run
from functions.monitor.settings import MonitorSettings
from functions.monitor.state import STATE, read_state
from tests.conftest import QUICK, TITANIC
from tests.production import champion_of, ids_of, label, people, predict
from training.dataset import load_dataset
from training.publication import Upload, train_and_publish

NOW = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
SETTINGS = MonitorSettings(store="", min_rows=300)


@pytest.fixture
def store(published: Path, tmp_path: Path) -> Store:
    shutil.copytree(published, tmp_path / "store")
    store = FolderStore(str(tmp_path / "store"))
    store.put("datasets/titanic.csv", TITANIC.read_bytes())
    return store


def monitor(store: Store, now: datetime = NOW, **options: Any) -> Report:
    return run(store, SETTINGS.model_copy(update=options.pop("settings", {})), now=now, **options)


def serve(store: Store, count: int, at: datetime = NOW, **which: Any) -> dict[str, bool]:
    """Serve passengers. Whether they survived, by the id of the prediction."""
    drawn = people(count, **which)
    answered = predict(store, [passenger for passenger, _ in drawn], at)
    return dict(zip(answered, (survived for _, survived in drawn), strict=True))


def datasets(store: Store) -> list[str]:
    return [entry.key for entry in store.list("datasets/")]


# ---- Reading


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
    promotion.promote_by_hand(store, outcome.version, by="test", reason="a test", force=True)
    return outcome.version


# ---- Death and races


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


# ---- Judging


def test_drift_counts_only_when_two_windows_in_a_row_show_it(store: Store) -> None:
    serve(store, 400)
    calm = monitor(store).drift
    assert calm is not None
    assert (calm.rows, calm.drifted, calm.in_a_row, calm.confirmed) == (400, [], 0, False)
    serve(store, 400, older=25)
    first = monitor(store)
    assert first.drift is not None
    assert "age" in first.drift.drifted
    assert (first.drift.in_a_row, first.drift.confirmed, first.training.outcome) == (1, False, "not due")
    serve(store, 10, older=25)
    waiting = monitor(store)
    # A window that is not complete says nothing: the last complete one still stands.
    assert (waiting.counted.rows, waiting.counted.complete) == (10, False)
    assert waiting.drift == first.drift
    serve(store, 400, older=25)
    second = monitor(store)
    assert second.drift is not None
    assert (second.drift.in_a_row, second.drift.confirmed) == (2, True)
    assert (second.training.reason, second.training.outcome) == ("drift", "unchanged")
    assert "/feedback/queue" in second.training.why
    serve(store, 400, seed=2)
    third = monitor(store).drift
    assert third is not None
    assert (third.drifted, third.in_a_row, third.confirmed) == ([], 0, False)


def test_a_quality_that_fell_is_due_for_training(store: Store) -> None:
    for id_, survived in serve(store, 200).items():
        label(store, id_, not survived)
    report = monitor(store)
    assert report.live.labels == 200
    assert "log_loss" in report.live.fallen
    assert (report.training.reason, report.training.outcome) == ("quality", "uploaded")
    assert report.training.labels == 200


def test_a_quality_that_is_as_on_the_holdout_is_not(store: Store) -> None:
    for id_, survived in serve(store, 200).items():
        label(store, id_, survived)
    live = monitor(store).live
    assert live.quality is not None
    assert live.fallen == []
    assert live.represented == 1
    assert live.quality.metrics["roc_auc"].value > 0.8


def test_labels_of_uncertain_predictions_stand_for_all(store: Store) -> None:
    """The queue has the uncertain ones labelled first; unweighted, these would say that the model is bad."""
    drawn = people(2_000)
    answered = predict(store, [passenger for passenger, _ in drawn], NOW)
    survived = dict(zip(answered, (one for _, one in drawn), strict=True))
    for id_, probability in answered.items():
        # All of the uncertain, of the others one in ten.
        if 0.3 < probability < 0.7 or id_.endswith(("0", "8")):
            label(store, id_, survived[id_])
    live = monitor(store).live
    chances = np.array([*answered.values()])
    outcomes = np.array([survived[id_] for id_ in answered])
    truth = float(np.mean((chances - outcomes) ** 2))
    assert live.quality is not None
    brier = live.quality.metrics["brier"]
    assert brier.low < truth < brier.high
    labelled = {label.prediction_id for label in read_labelled(store, labelled_days(store))}
    chosen = np.array([id_ in labelled for id_ in answered])
    unweighted = float(np.mean((chances[chosen] - outcomes[chosen]) ** 2))
    assert abs(brier.value - truth) < abs(unweighted - truth) / 2


def test_too_few_labels_say_nothing(store: Store) -> None:
    for id_, survived in [*serve(store, 100).items()][:49]:
        label(store, id_, not survived)
    live = monitor(store).live
    assert (live.labels, live.quality, live.fallen) == (49, None, [])


def test_the_newest_label_counts_and_one_without_a_prediction_does_not(store: Store) -> None:
    [(id_, survived)] = serve(store, 1).items()
    label(store, id_, not survived)
    label(store, id_, survived, source="another")
    [unknown] = ids_of(1, NOW)
    label(store, unknown, True)
    assert monitor(store).live.labels == 1
    [labelled] = read_labelled(store, [NOW.date()])
    assert (labelled.prediction_id, labelled.survived, labelled.source) == (id_, survived, "another")
    # What was found is kept: the log is not searched again. A record of it that is damaged is made again.
    for entry in [*store.list("predictions/")]:
        store.delete(entry.key)
    assert read_labelled(store, [NOW.date()]) == [labelled]
    store.put("monitoring/labelled/dt=2026-11-21.json", b"junk")
    assert read_labelled(store, [NOW.date()]) == []


# ---- Training


def test_a_dataset_is_the_champions_rows_and_the_labelled_ones(store: Store, tmp_path: Path) -> None:
    manifest = champion_of(store)
    outcomes = serve(store, 50)
    for id_, survived in outcomes.items():
        label(store, id_, survived)
    report = monitor(store, requested=True)
    assert (report.training.reason, report.training.outcome, report.training.labels) == (
        "request",
        "uploaded",
        50,
    )
    [key] = [key for key in datasets(store) if key != "datasets/titanic.csv"]
    assert key == report.training.dataset
    path = tmp_path / "made.csv"
    path.write_bytes(store.get(key).body)
    made, original = load_dataset(path), load_dataset(TITANIC)
    np.testing.assert_array_equal(made.matrix[:1309], original.matrix)
    np.testing.assert_array_equal(made.survived[:1309], original.survived)
    np.testing.assert_array_equal(made.holdout[:1309], original.holdout)
    with path.open() as file:
        rows = [row for row in csv.DictReader(file) if row["prediction_id"]]
    assert {row["prediction_id"]: row["survived"] == "1" for row in rows} == outcomes
    scored = predict(store, [Passenger.model_validate(_typed(row)) for row in rows], NOW)
    again = [one.probability for one in read_labelled(store, [NOW.date()])]
    assert [*scored.values()] == again
    found = from_metadata(store.head(key).metadata)
    assert found is not None
    assert (found.reference_key, found.reference_sha256) == ("datasets/titanic.csv", manifest.dataset.sha256)
    assert (found.labels, found.reason, found.champion) == (50, "request", manifest.version)


def _typed(row: dict[str, str]) -> dict[str, Any]:
    return {
        name: float(value) if FEATURES[name] is None else value
        for name, value in row.items()
        if name in FEATURES and value
    }


def test_the_next_dataset_begins_with_what_people_uploaded_not_with_the_last_one(
    store: Store, tmp_path: Path
) -> None:
    outcomes = serve(store, 60)
    for id_, survived in outcomes.items():
        label(store, id_, survived)
    first = monitor(store, requested=True).training.dataset
    assert first is not None
    path = tmp_path / "first.csv"
    path.write_bytes(store.get(first).body)
    entry = store.head(first)
    upload = Upload(first, datetime.now(UTC), lineage=from_metadata(entry.metadata))
    version = train_and_publish(store, upload, path, by="test", configuration=QUICK).version
    assert version is not None
    if champion_of(store).version != version:
        promotion.promote_by_hand(store, version, by="test", reason="a test", force=True)
    # Nothing new: the same bytes, which are there.
    again = monitor(store, requested=True)
    assert (again.champion, again.training.outcome, again.training.dataset) == (version, "unchanged", first)
    [(id_, survived)] = serve(store, 1).items()
    label(store, id_, survived)
    second = monitor(store, requested=True).training.dataset
    assert second not in {None, first}
    lines = store.get(str(second)).body.splitlines()
    assert len(lines) == 1 + 1309 + 61
    found = from_metadata(store.head(str(second)).metadata)
    assert found is not None
    assert (found.reference_key, found.labels, found.champion) == ("datasets/titanic.csv", 61, version)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda store: store.delete("datasets/titanic.csv"), "is gone; upload a dataset"),
        (lambda store: store.put("datasets/titanic.csv", b"another"), "is not what it was"),
    ],
)
def test_without_the_champions_dataset_there_is_none(
    store: Store, spoil: Callable[[Store], None], says: str
) -> None:
    [(id_, survived)] = serve(store, 1).items()
    label(store, id_, survived)
    spoil(store)
    training = monitor(store, requested=True).training
    assert training.outcome == "held"
    assert says in training.why


def test_a_champion_trained_from_a_file_elsewhere_has_no_dataset_to_begin_with(
    store: Store, tmp_path: Path
) -> None:
    manifest = champion_of(store)
    elsewhere = manifest.dataset.model_copy(update={"key": "titanic.csv"})
    changed = manifest.model_copy(update={"dataset": elsewhere})
    store.put(registry.manifest_key(manifest.version), changed.model_dump_json().encode())
    [(id_, survived)] = serve(store, 1).items()
    label(store, id_, survived)
    training = monitor(store, requested=True).training
    assert (training.outcome, training.dataset) == ("held", None)
    assert "not uploaded to datasets/; upload a dataset" in training.why


def test_a_week_of_schedules_makes_a_version_only_of_new_labels(store: Store, tmp_path: Path) -> None:
    promoted = promotion.read_champion(store)[0].promoted_at
    versions = [*registry.published(store)]

    def week(start: datetime) -> None:
        for hour in range(7 * 24 + 1):
            monitor(store, start + hour * HOUR)

    week(promoted)
    assert datasets(store) == ["datasets/titanic.csv"]
    outcomes = serve(store, 50, promoted + timedelta(days=8))
    for id_, survived in outcomes.items():
        label(store, id_, survived)
    week(promoted + timedelta(days=8))
    [made] = set(datasets(store)) - {"datasets/titanic.csv"}
    found = from_metadata(store.head(made).metadata)
    assert found is not None
    assert (found.reason, found.labels) == ("weekly", 50)
    # Whether the gate refused the model of it, and the champion is the same, or not: nothing is made twice.
    week(promoted + timedelta(days=16))
    path = tmp_path / "made.csv"
    path.write_bytes(store.get(made).body)
    upload = Upload(made, store.head(made).modified, lineage=found)
    train_and_publish(store, upload, path, by="test", configuration=QUICK)
    week(promoted + timedelta(days=24))
    assert set(datasets(store)) == {"datasets/titanic.csv", made}
    assert len([*registry.published(store)]) == len(versions) + 1


def test_what_no_retrain_mends_is_retrained_once_a_day(store: Store) -> None:
    def wrong(at: datetime, seed: int) -> Report:
        for id_, survived in serve(store, 60, at, seed=seed).items():
            label(store, id_, not survived)
        return monitor(store, at)

    assert wrong(NOW, 0).training.outcome == "uploaded"
    held = wrong(NOW + HOUR, 1)
    assert (held.training.reason, held.training.outcome) == ("quality", "held")
    assert "24 hours" in held.training.why
    # Nothing new: the report stands.
    assert monitor(store, NOW + 2 * HOUR) == held
    # It has rested: what came in the meantime is trained on, once.
    later = monitor(store, NOW + 24 * HOUR)
    assert (later.training.outcome, later.training.labels) == ("uploaded", 120)
    assert monitor(store, NOW + 49 * HOUR) == later
    assert len(datasets(store)) == 3


def test_a_day_has_so_many_trainings_whoever_asks(store: Store) -> None:
    outcomes = []
    for seed in range(4):
        for id_, survived in serve(store, 1, seed=seed).items():
            label(store, id_, survived)
        outcomes.append(monitor(store, requested=True).training)
    assert [training.outcome for training in outcomes] == ["uploaded"] * 3 + ["held"]
    assert "3 trainings" in outcomes[-1].why
    assert monitor(store, NOW + 25 * HOUR, requested=True).training.outcome == "uploaded"


# ---- What goes wrong


def test_without_a_champion_there_is_nothing_to_watch(tmp_path: Path) -> None:
    with pytest.raises(NoChampion):
        monitor(FolderStore(str(tmp_path / "empty")))


def test_a_damaged_state_says_what_to_do_and_numbers_go_on_after_it(store: Store) -> None:
    assert monitor(store).sequence == 1
    store.put(STATE, b"junk")
    with pytest.raises(UnusableRecord, match="delete it"):
        monitor(store)
    store.delete(STATE)
    assert monitor(store).sequence == 2


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
    # A window that is not complete has no drift to tell of.
    serve(store, 1)
    monitor(store)
    [line] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert "LargestPsi" not in line
