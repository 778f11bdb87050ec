"""What the monitor makes of what it counted: drift, the quality in life, and which labels it goes by."""

from pathlib import Path

import numpy as np
import pytest

from functions.core.store import Store
from functions.monitor.labelled import labelled_days, read_labelled
from tests.monitoring import NOW, monitor, serve, watched
from tests.production import ids_of, label, people, predict


@pytest.fixture
def store(published: Path, tmp_path: Path) -> Store:
    return watched(published, tmp_path)


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
