"""The datasets that the monitor makes of labels: what is in one, when there is one, and how often."""

import csv
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from functions.core.predictions import labels
from functions.core.registry import deployment
from functions.core.registry.lineage import from_metadata
from functions.core.registry.manifest import Lineage
from functions.core.storage.view import ModelStore
from functions.monitor import labelled, reports
from functions.monitor.dataset import Built, build_dataset
from functions.monitor.labelled import Labelled, read_labelled
from functions.monitor.report import Report
from functions.monitor.state import STATE, read_state
from tests.monitor.monitoring import (
    HOUR,
    NOW,
    UPLOADED,
    UPLOADED_FULL,
    datasets,
    monitor,
    put_into_service,
    serve,
    watched,
)
from tests.support.production import SOMEBODY, champion_of, label, predict
from tests.support.titanic import SCHEMA, TABLE
from tests.support.versions import overwrite_manifest
from training.table.dataset import load_dataset


@pytest.fixture
def store(published: Path, tmp_path: Path) -> ModelStore:
    return watched(published, tmp_path)


def test_a_dataset_is_the_champions_rows_and_the_labelled_ones(store: ModelStore, tmp_path: Path) -> None:
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
    [key] = [key for key in datasets(store) if key != UPLOADED_FULL]
    assert key == report.training.dataset
    path = tmp_path / "made.csv"
    path.write_bytes(store.get(store.relative(key)).body)
    made, original = load_dataset(path, SCHEMA), load_dataset(TABLE, SCHEMA)
    np.testing.assert_array_equal(made.matrix[:1309], original.matrix)
    np.testing.assert_array_equal(made.outcome[:1309], original.outcome)
    np.testing.assert_array_equal(made.holdout[:1309], original.holdout)
    with path.open() as file:
        rows = [row for row in csv.DictReader(file) if row["prediction_id"]]
    assert {row["prediction_id"]: row["survived"] == "1" for row in rows} == outcomes
    scored = predict(store, [_typed(row) for row in rows], NOW)
    again = [one.probability for one in read_labelled(store, [NOW.date()], SCHEMA)]
    assert [*scored.values()] == again
    found = from_metadata(store.head(store.relative(key)).metadata)
    assert found is not None
    assert (found.reference_key, found.reference_sha256) == (UPLOADED_FULL, manifest.dataset.sha256)
    assert (found.labels, found.reason, found.champion) == (50, "request", manifest.version)
    # The model of the uploaded rows alone, by which later ones are measured too.
    assert found.uploaded_champion == manifest.version
    assert {row["lifeboat_labelled_by"] for row in rows} == {"a test"}


def _typed(row: dict[str, str]) -> dict[str, Any]:
    return {
        name: float(value) if SCHEMA.feature(name).words is None else value
        for name, value in row.items()
        if name in SCHEMA.names and value
    }


def marked(store: ModelStore, dataset: str) -> set[str]:
    """The labelled predictions, by id, that a model made of the dataset is measured by."""
    rows = csv.DictReader(store.get(store.relative(dataset)).body.decode().splitlines())
    return {row["prediction_id"] for row in rows if row["representative"] == "1"} - {""}


def test_the_next_dataset_begins_with_what_people_uploaded_not_with_the_last_one(store: ModelStore) -> None:
    outcomes = serve(store, 60)
    for id_, survived in outcomes.items():
        label(store, id_, survived)
    first = monitor(store, requested=True).training.dataset
    assert first is not None
    version = "1" * 16
    put_into_service(store, store.relative(first), version)
    # Nothing new: the champion comes from the same rows, and the labels are the same.
    again = monitor(store, requested=True)
    assert (again.champion, again.training.outcome, again.training.dataset) == (version, "unchanged", first)
    assert again.training.why == "no outcome was reported since this dataset was put together"
    # Even where that is forgotten, they make a dataset of the same name, which is there.
    store.delete(STATE)
    again = monitor(store, requested=True)
    assert (again.training.outcome, again.training.dataset) == ("unchanged", first)
    assert again.training.why == "the same rows were uploaded before"
    [(id_, survived)] = serve(store, 1).items()
    label(store, id_, survived)
    second = monitor(store, requested=True).training.dataset
    assert second not in {None, first}
    lines = store.get(store.relative(str(second))).body.splitlines()
    assert len(lines) == 1 + 1309 + 61
    # What the champion was measured by is still measured by, though another version had answered it.
    assert marked(store, first) == outcomes.keys()
    assert marked(store, str(second)) == {*outcomes, id_}
    found = from_metadata(store.head(store.relative(str(second))).metadata)
    assert found is not None
    assert (found.reference_key, found.labels, found.champion) == (UPLOADED_FULL, 61, version)
    assert found.uploaded_champion not in (None, version)


def test_a_dataset_says_which_rows_nobody_vouches_for_and_whose_they_are(store: ModelStore) -> None:
    ids = [*serve(store, 3)]
    for id_, key_id, vouched in zip(ids, ("alices", "bobs", "ops"), (False, False, True), strict=True):
        labels.record(store, id_, outcome=True, source="a", key_id=key_id, request_id="", vouched=vouched)
    training = monitor(store, requested=True).training
    assert training.not_vouched == {"alices": 1, "bobs": 1}
    dataset = str(training.dataset)
    rows = csv.DictReader(store.get(store.relative(dataset)).body.decode().splitlines())
    by = {row["prediction_id"]: row["lifeboat_labelled_by"] for row in rows}
    assert by == {"": "", ids[0]: "alices", ids[1]: "bobs", ids[2]: ""}
    # To vouch for a label is new.
    labels.record(store, ids[0], outcome=True, source="a", key_id="ops", request_id="", vouched=True)
    again = monitor(store, requested=True).training
    assert (again.outcome, again.labels) == ("uploaded", 3)


def test_labels_that_waited_for_the_log_to_be_read_are_new_rows(
    store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for hours in range(20):
        for id_, survived in serve(store, 3, NOW - hours * HOUR).items():
            label(store, id_, survived)
    # Of the objects of the log, too few may be read for all of them, both times that the run looks.
    monkeypatch.setattr(labelled, "_MAX_OBJECTS", 8)
    first = monitor(store, requested=True).training
    assert (first.outcome, first.labels) == ("uploaded", 2 * 8 * 3)
    monkeypatch.undo()
    second = monitor(store, requested=True).training
    assert (second.outcome, second.labels) == ("uploaded", 60)
    assert monitor(store, requested=True).training.outcome == "unchanged"


def built_after(store: ModelStore, key: str) -> Built:
    """A dataset of the champion's rows and another label, where the champion was made from such a dataset."""
    manifest = champion_of(store)
    made_of = Lineage(
        reference_key=UPLOADED_FULL,
        reference_version_id=None,
        reference_sha256=manifest.dataset.sha256,
        labels=1,
        reason="request",
        champion="0" * 16,
    )
    facts = manifest.dataset.model_copy(update={"key": store.full(key), "lineage": made_of})
    rows = [Labelled("another", "0" * 16, 0.5, {**SOMEBODY}, True, "a test")]
    return build_dataset(store, manifest.model_copy(update={"dataset": facts}), rows, [], "request")


def test_a_dataset_without_marks_has_none_to_keep(store: ModelStore) -> None:
    # As the release before made them.
    store.put("datasets/labelled-0.csv", b"pclass,sex,survived,prediction_id\n1,male,0,another\n")
    built = built_after(store, "datasets/labelled-0.csv")
    assert built.body.splitlines()[-1].endswith(b",1,0,unknown,another")


def test_that_nobody_knows_what_the_champion_was_measured_by_is_logged(
    store: ModelStore, capsys: pytest.CaptureFixture[str]
) -> None:
    built = built_after(store, "datasets/labelled-gone.csv")
    assert built.body.splitlines()[-1].endswith(b",1,0,unknown,another")
    logged = capsys.readouterr().out
    assert "was measured by are not known any more" in logged
    assert "datasets/titanic/labelled-gone.csv" in logged


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda store: store.delete(UPLOADED), "is gone; upload a dataset"),
        (lambda store: store.put(UPLOADED, b"another"), "is not what it was"),
    ],
)
def test_without_the_champions_dataset_there_is_none(
    store: ModelStore, spoil: Callable[[ModelStore], None], says: str
) -> None:
    [(id_, survived)] = serve(store, 1).items()
    label(store, id_, survived)
    spoil(store)
    training = monitor(store, requested=True).training
    assert training.outcome == "held"
    assert says in training.why
    state, _ = read_state(store) or pytest.fail("there is a state")
    assert (state.started, state.pending) == ([], None)
    # Who has put it back may ask again, though no outcome came in between.
    store.put(UPLOADED, TABLE.read_bytes())
    assert monitor(store, requested=True).training.outcome == "uploaded"


def test_without_the_champions_dataset_what_is_due_is_told_once(store: ModelStore) -> None:
    for id_, survived in serve(store, 60).items():
        label(store, id_, not survived)
    store.delete(UPLOADED)
    report = monitor(store)
    assert (report.training.reason, report.training.outcome) == ("quality", "held")
    assert monitor(store, NOW + HOUR) == report


def test_a_champion_trained_from_a_file_elsewhere_has_no_dataset_to_begin_with(
    store: ModelStore, tmp_path: Path
) -> None:
    manifest = champion_of(store)
    elsewhere = manifest.dataset.model_copy(update={"key": "titanic.csv"})
    changed = manifest.model_copy(update={"dataset": elsewhere})
    overwrite_manifest(store, manifest.version, changed.as_json())
    [(id_, survived)] = serve(store, 1).items()
    label(store, id_, survived)
    training = monitor(store, requested=True).training
    assert (training.outcome, training.dataset) == ("held", None)
    assert "not uploaded to datasets/titanic/; upload a dataset" in training.why


def test_a_week_of_schedules_makes_a_dataset_only_of_new_labels(store: ModelStore) -> None:
    promoted = deployment.read_champion(store)[0].promoted_at

    # Of the runs of each hour, every eighth, and those of the week's ends: what is new nobody sees sooner.
    hours = range(0, 7 * 24 + 1, 8)

    def week(start: datetime) -> None:
        for hour in hours:
            monitor(store, start + hour * HOUR)

    week(promoted)
    assert datasets(store) == [UPLOADED_FULL]
    outcomes = serve(store, 50, promoted + timedelta(days=8))
    for id_, survived in outcomes.items():
        label(store, id_, survived)
    week(promoted + timedelta(days=8))
    [full] = set(datasets(store)) - {UPLOADED_FULL}
    made = store.relative(full)
    found = from_metadata(store.head(made).metadata)
    assert found is not None
    assert (found.reason, found.labels) == ("weekly", 50)
    # Whether the gate refused the model of it, and the champion is the same, or not: nothing is made twice.
    # That is known by the labels, not by what lies there.
    body, metadata = store.get(made).body, store.head(made).metadata
    store.delete(made)
    week(promoted + timedelta(days=16))
    assert datasets(store) == [UPLOADED_FULL]
    store.create(made, body, metadata=metadata)
    put_into_service(store, made)
    store.delete(made)
    week(promoted + timedelta(days=24))
    assert datasets(store) == [UPLOADED_FULL]


def test_what_no_retrain_mends_is_retrained_once_a_day(store: ModelStore) -> None:
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


def test_a_day_has_so_many_trainings_whoever_asks(store: ModelStore) -> None:
    outcomes = []
    for seed in range(4):
        for id_, survived in serve(store, 1, seed=seed).items():
            label(store, id_, survived)
        outcomes.append(monitor(store, requested=True).training)
    assert [training.outcome for training in outcomes] == ["uploaded"] * 3 + ["held"]
    assert "3 trainings" in outcomes[-1].why
    assert monitor(store, NOW + 25 * HOUR, requested=True).training.outcome == "uploaded"


def test_another_champions_dataset_is_new_though_no_label_is(store: ModelStore) -> None:
    for id_, survived in serve(store, 60).items():
        label(store, id_, survived)
    first = monitor(store, requested=True).training.dataset
    store.put("datasets/fewer.csv", b"".join(TABLE.read_bytes().splitlines(keepends=True)[:900]))
    put_into_service(store, "datasets/fewer.csv")
    training = drift(store, NOW + 26 * HOUR).training
    assert (training.reason, training.outcome, training.labels) == ("drift", "uploaded", 60)
    assert training.dataset not in {None, first}


def drift(store: ModelStore, at: datetime) -> Report:
    """Two windows of other passengers; the report of the second."""
    serve(store, 400, at, older=25)
    monitor(store, at)
    serve(store, 400, at, older=25, seed=1)
    report = monitor(store, at)
    assert report.drift is not None
    assert report.drift.confirmed
    return report


def test_late_outcomes_of_old_predictions_are_trained_on_while_drift_stands(store: ModelStore) -> None:
    old = [*serve(store, 60, NOW - timedelta(days=20)).items()]
    for id_, survived in old[:30]:
        label(store, id_, survived)
    report = drift(store, NOW)
    assert (report.training.outcome, report.training.labels) == ("uploaded", 30)
    # Older by then than any outcome that the quality is judged by.
    later = NOW + timedelta(days=12)
    assert monitor(store, later).training.labels == 30
    for id_, survived in old[30:]:
        label(store, id_, survived)
    training = monitor(store, later + HOUR).training
    assert (training.reason, training.outcome, training.labels) == ("drift", "uploaded", 60)


def test_who_asks_while_the_log_is_long_is_answered_for_what_was_asked(
    store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("functions.monitor.unread.MAX_BYTES", 1)
    for hours in range(3):
        for id_, survived in serve(store, 20, NOW - hours * HOUR, seed=hours).items():
            # Fallen quality would be a reason of its own, and hold up what comes after.
            label(store, id_, not survived)
    report = monitor(store, requested=True)
    assert (report.sequence, report.training.reason, report.training.outcome) == (3, "request", "uploaded")
    earlier = [one.training.outcome for one in reports.list_reports(store, 2, limit=2).reports]
    assert earlier == ["not due", "not due"]


def test_a_week_in_which_nothing_was_new_does_not_make_the_next_label_a_dataset_of_its_own(
    store: ModelStore,
) -> None:
    promoted = deployment.read_champion(store)[0].promoted_at

    def day(number: int, seed: int, count: int) -> str:
        at = promoted + timedelta(days=number)
        for id_, survived in serve(store, count, at, seed=seed).items():
            label(store, id_, survived)
        return monitor(store, at).training.outcome

    assert day(0, 0, 1) == "not due"
    assert day(7, 1, 0) == "uploaded"
    assert day(14, 2, 0) == "unchanged"
    assert [day(15, 3, 1), day(20, 4, 1), day(21, 5, 1)] == ["not due", "not due", "uploaded"]
