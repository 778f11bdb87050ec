"""What the monitor makes of what it counted: drift, the quality in life, and which labels it goes by."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from functions.core.stats.drift import psi
from functions.core.storage.view import ModelStore
from functions.monitor.drift import DriftLimits
from functions.monitor.labelled import newest_labelled, read_label_index, read_labelled
from functions.monitor.reports import read_report
from functions.monitor.state import read_state
from tests.monitor.monitoring import NOW, monitor, serve, watched
from tests.support.production import champion_of, ids_of, label, predict
from tests.support.titanic import SCHEMA, Row, people


@pytest.fixture
def store(published: Path, tmp_path: Path) -> ModelStore:
    return watched(published, tmp_path)


def test_drift_counts_only_when_two_windows_in_a_row_show_it(store: ModelStore) -> None:
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


def test_a_report_has_what_it_was_judged_from_and_by(store: ModelStore) -> None:
    serve(store, 400)
    drift = monitor(store, settings={"min_psi": 0.2, "alpha": 0.05}).drift
    assert drift is not None
    assert drift.limits == DriftLimits(min_rows=300, min_psi=0.2, alpha=0.05)
    reference = champion_of(store).reference
    for name, feature in drift.features.items():
        assert feature.counts is not None
        assert (sum(feature.counts), len(feature.counts)) == (400, len(reference[name].counts))
        known, counts = (np.array(values, float) for values in (reference[name].counts, feature.counts))
        assert psi(known, counts) == pytest.approx(feature.psi)


def test_a_report_of_a_release_that_kept_no_counts_is_read(store: ModelStore) -> None:
    serve(store, 400)
    report = monitor(store).model_dump(mode="json")
    del report["drift"]["limits"], report["refused"]["limit"], report["live"]["judged"]
    for feature in report["drift"]["features"].values():
        del feature["counts"]
    store.put("monitoring/reports/00000001.json", json.dumps(report).encode())
    found = read_report(store, 1)
    assert found.drift is not None
    assert found.refused is not None
    assert (found.drift.limits, found.drift.features["age"].counts) == (None, None)
    assert (found.refused.limit, found.live.judged) == (None, None)


def test_a_quality_that_fell_is_due_for_training(store: ModelStore) -> None:
    for id_, survived in serve(store, 200).items():
        label(store, id_, not survived)
    report = monitor(store)
    assert report.live.labels == 200
    assert report.live.judged == ["roc_auc", "log_loss", "brier"]
    assert "log_loss" in report.live.fallen
    assert (report.training.reason, report.training.outcome) == ("quality", "uploaded")
    assert report.training.labels == 200


def test_a_quality_that_is_as_on_the_holdout_is_not(store: ModelStore) -> None:
    for id_, survived in serve(store, 200).items():
        label(store, id_, survived)
    live = monitor(store).live
    assert live.quality is not None
    assert live.fallen == []
    assert live.represented == 1
    assert live.quality.metrics["roc_auc"].value > 0.8


def test_labels_of_uncertain_predictions_stand_for_all(store: ModelStore) -> None:
    """The queue has the uncertain ones labelled first; unweighted, these would say that the model is bad."""
    drawn = people(2_000)
    answered = predict(store, [row for row, _ in drawn], NOW)
    survived = dict(zip(answered, (one for _, one in drawn), strict=True))
    for number, (id_, probability) in enumerate(answered.items()):
        # All of the uncertain, of the others one in eight: the same in each run of this test.
        if 0.3 < probability < 0.7 or number % 8 == 0:
            label(store, id_, survived[id_])
    live = monitor(store).live
    chances = np.array([*answered.values()])
    outcomes = np.array([survived[id_] for id_ in answered])
    truth = float(np.mean((chances - outcomes) ** 2))
    assert live.quality is not None
    brier = live.quality.metrics["brier"]
    assert brier.low < truth < brier.high
    labelled = {
        label.prediction_id for label in newest_labelled(store, read_label_index(store), 100_000, SCHEMA)[0]
    }
    chosen = np.array([id_ in labelled for id_ in answered])
    unweighted = float(np.mean((chances[chosen] - outcomes[chosen]) ** 2))
    assert abs(brier.value - truth) < abs(unweighted - truth) / 2


def test_labels_of_a_part_of_the_predictions_do_not_say_that_the_model_has_fallen(store: ModelStore) -> None:
    answered = predict(store, [row for row, _ in people(1_000)], NOW)
    wrong = {id_: probability <= 0.5 for id_, probability in answered.items()}
    for id_, probability in answered.items():
        if 0.3 < probability < 0.7:
            label(store, id_, wrong[id_])
    live = monitor(store).live
    assert live.quality is not None
    assert live.quality.metrics["roc_auc"].high < live.holdout["roc_auc"].low
    assert live.represented < 0.5
    assert live.fallen == []
    for id_ in [*answered][::10]:
        label(store, id_, wrong[id_])
    live = monitor(store).live
    assert live.represented >= 0.95
    assert "roc_auc" in live.fallen


def test_labels_stand_for_the_predictions_of_their_days_and_not_for_older_ones(store: ModelStore) -> None:
    """Most passengers were easy once; now only hard ones come, and all outcomes of these are known."""
    hard: list[tuple[Row, bool]] = []
    easy: list[tuple[Row, bool]] = []
    for at, (chance, drawn) in enumerate(zip(chances_of(store, 2_000), people(2_000), strict=True)):
        # A few of the easy ones come still, so that every kind of prediction has labels.
        (hard if 0.3 < chance < 0.7 or at % 20 == 0 else easy).append(drawn)
    predict(store, [row for row, _ in easy], NOW - timedelta(days=40))
    before = monitor(store, NOW - timedelta(days=40))
    assert before.counted.rows == len(easy)
    answered = predict(store, [row for row, _ in hard], NOW)
    for id_, (_, survived) in zip(answered, hard, strict=True):
        label(store, id_, survived)
    chances = np.array([*answered.values()])
    truth = float(np.mean((chances - [survived for _, survived in hard]) ** 2))
    live = monitor(store).live
    assert live.quality is not None
    assert live.quality.metrics["brier"].value == pytest.approx(truth)
    # Every prediction of these days is labelled: each stands for itself.
    assert live.effective_rows == pytest.approx(len(hard))


def test_predictions_of_a_day_add_up_over_runs_and_are_forgotten_with_their_labels(store: ModelStore) -> None:
    def answered(now: datetime) -> list[int]:
        monitor(store, now)
        state, _ = read_state(store) or pytest.fail("there is a state")
        return [tally.rows for _, tally in sorted(state.answered.items())]

    serve(store, 300, NOW - timedelta(days=1))
    serve(store, 100)
    assert answered(NOW) == [300, 100]
    serve(store, 50)
    assert answered(NOW) == [300, 150]
    later = NOW + timedelta(days=28)
    serve(store, 1, later)
    assert answered(later) == [150, 1]


def chances_of(store: ModelStore, count: int) -> list[float]:
    """What the champion says of the first so many people. In the log it stands as of a time nobody reads."""
    return [*predict(store, [row for row, _ in people(count)], NOW - timedelta(days=90)).values()]


def test_too_few_labels_say_nothing(store: ModelStore) -> None:
    for id_, survived in [*serve(store, 100).items()][:49]:
        label(store, id_, not survived)
    live = monitor(store).live
    assert (live.labels, live.quality, live.fallen) == (49, None, [])
    assert 30 < live.effective_rows <= 49


def test_labels_that_stand_for_few_predictions_say_nothing_and_how_few_that_are(store: ModelStore) -> None:
    answered = predict(store, [row for row, _ in people(1_000)], NOW)
    uncertain = sorted(answered, key=lambda id_: abs(answered[id_] - 0.5))
    # As the queue has them: the uncertain, and some others.
    for id_ in uncertain[:60] + uncertain[60::100]:
        label(store, id_, answered[id_] > 0.5)
    live = monitor(store).live
    assert (live.labels, live.quality) == (70, None)
    assert 0 < live.effective_rows < 30


def test_the_newest_label_counts_and_one_without_a_prediction_does_not(store: ModelStore) -> None:
    [(id_, survived)] = serve(store, 1).items()
    label(store, id_, not survived)
    label(store, id_, survived, source="another")
    [unknown] = ids_of(1, NOW)
    label(store, unknown, True)
    assert monitor(store).live.labels == 1
    [labelled] = read_labelled(store, [NOW.date()], SCHEMA)
    assert (labelled.prediction_id, labelled.outcome, labelled.source) == (id_, survived, "a test/another")
    # What was found is kept: the log is not searched again. A record of it that is damaged is made again.
    for entry in [*store.list("predictions/")]:
        store.delete(entry.key)
    assert read_labelled(store, [NOW.date()], SCHEMA) == [labelled]
    store.put("monitoring/labelled/dt=2026-11-21.json", b"junk")
    assert read_labelled(store, [NOW.date()], SCHEMA) == []
