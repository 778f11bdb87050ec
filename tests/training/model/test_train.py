"""From a dataset to a proven model: selection, the certificate, and figures that hold together."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from functions.core.base.errors import UnprovenModel
from functions.core.registry import versions
from functions.core.registry.keys import report_key
from functions.core.registry.manifest import Certificate
from functions.core.storage.view import ModelStore
from tests.conftest import TITANIC
from tests.support.titanic import SCHEMA
from tests.support.training import QUICK, publish, quiet
from training.estimators import gaps
from training.estimators.candidates import candidates
from training.model import evaluation
from training.model import train as training
from training.model.train import Trained, train
from training.proof.certificate import certify
from training.table.dataset import Dataset
from training.table.report import read_report


def test_two_trainings_make_the_same_bytes(titanic: Dataset, trained: Trained) -> None:
    assert train(titanic, QUICK, quiet).model == trained.model


# Two seeds that put the names of the opsets into different orders in a set.
@pytest.mark.long
@pytest.mark.parametrize("seed", ["1", "6"])
def test_another_process_with_another_hash_seed_exports_the_same_bytes(seed: str, trained: Trained) -> None:
    script = (
        "import sys\nfrom tests.support.titanic import SCHEMA, TABLE\n"
        "from tests.support.training import QUICK, quiet\n"
        "from training.table.dataset import load_dataset\nfrom training.model.train import train\n"
        "sys.stdout.buffer.write(train(load_dataset(TABLE, SCHEMA), QUICK, quiet).model)\n"
    )
    made = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"PYTHONHASHSEED": seed},
        cwd=TITANIC.parents[2],
        stdout=subprocess.PIPE,
        check=True,
    )
    assert made.stdout == trained.model


def test_candidates_are_compared_on_a_sample_of_many_rows_and_the_best_is_fitted_on_all(
    titanic: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "MAX_SELECTION_ROWS", 1_000)
    monkeypatch.setattr(training, "SELECTION_ROWS", 400)
    compared: list[np.ndarray[Any, Any]] = []
    fitted: list[int] = []

    def cross_validate(models: Any, matrix: Any, *arguments: Any, **options: Any) -> Any:
        compared.append(matrix)
        return evaluation.cross_validate(models, matrix, *arguments, **options)

    def fit_all(model: Any, matrix: Any, *arguments: Any) -> Any:
        fitted.append(len(matrix))
        return gaps.fit(model, matrix, *arguments)

    monkeypatch.setattr(training, "cross_validate", cross_validate)
    monkeypatch.setattr(training, "fit", fit_all)
    first, again = train(titanic, QUICK, quiet), train(titanic, QUICK, quiet)
    rows = int(titanic.fitted.sum())
    assert [len(matrix) for matrix in compared] == [400, 400]
    assert set(fitted) == {rows}
    np.testing.assert_array_equal(compared[0], compared[1])
    assert first.model == again.model
    assert first.notes == (
        f"the candidates were compared on 400 of the {rows:,} training rows, drawn at random; the best one "
        "was then fitted on all of them",
    )


def test_the_trained_model_is_good_and_its_figures_hold_together(titanic: Dataset, trained: Trained) -> None:
    assert trained.metrics["roc_auc"].value > 0.8
    for metric in trained.metrics.values():
        assert metric.low <= metric.value <= metric.high or metric is trained.metrics["calibration_error"]
    assert sum(map(sum, trained.confusion)) == titanic.holdout.sum()
    assert trained.slices["sex=female"]["rows"] + trained.slices["sex=male"]["rows"] == titanic.holdout.sum()
    assert set(trained.selection) == set(candidates(SCHEMA.features, 1000))
    assert trained.notes == ()


def test_a_model_is_measured_by_representative_rows_only(titanic: Dataset, trained: Trained) -> None:
    marks = np.random.default_rng(0).random(1309) < 0.5
    some = replace(titanic, representative=marks, holdout=titanic.holdout & marks)
    found = train(some, QUICK, quiet)
    # The rows that it is fitted on are the same.
    assert found.model == trained.model
    assert {found.reference[name].rows for name in SCHEMA.names} == {marks.sum()}
    assert found.reference["probability"].rows == (titanic.holdout & marks).sum()
    assert sum(map(sum, found.confusion)) == (titanic.holdout & marks).sum()


def test_the_reference_of_probabilities_is_that_of_rows_the_model_was_not_fitted_on(
    titanic: Dataset, trained: Trained
) -> None:
    assert trained.reference["probability"].rows == titanic.holdout.sum()


def refusing(name: str) -> Callable[..., Certificate]:
    """A proof that the models of this class's name fail."""

    def prove(estimator: Any, *rest: Any, **named: Any) -> Certificate:
        if type(estimator[-1]).__name__ == name:
            raise UnprovenModel("graph and pipeline differ by 3.00e-03 in probability")
        return certify(estimator, *rest, **named)

    return prove


def test_a_candidate_that_cannot_be_proven_gives_way_to_the_next_best(
    titanic: Dataset, trained: Trained, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    best, second, *_ = sorted(trained.selection, key=lambda name: trained.selection[name]["log_loss"])
    assert trained.name == best
    monkeypatch.setattr(training, "certify", refusing(type(trained.estimator[-1]).__name__))
    found = train(titanic, QUICK, quiet)
    assert found.name == second
    assert found.notes == (f"{best} was passed over: graph and pipeline differ by 3.00e-03 in probability",)
    assert best in capsys.readouterr().out


class Unknown(LogisticRegression):  # type: ignore[misc]
    """A kind that skl2onnx has no converter for."""


def failing(features: Any, _rows: int) -> dict[str, Pipeline]:
    """Candidates of which only the worst is one that can be proven."""
    scaled = Pipeline(
        [
            ("fill", SimpleImputer(strategy="constant", fill_value=-1.0)),
            # What it computes differs in the last bit in ONNX, and trees decide by that.
            ("scale", StandardScaler()),
            ("model", HistGradientBoostingClassifier(max_iter=60, random_state=0)),
        ]
    )
    unknown = Pipeline([("fill", SimpleImputer()), ("model", Unknown(max_iter=1_000))])
    plain = Pipeline([("fill", SimpleImputer()), ("model", LogisticRegression(C=1e-4))])
    return {"plain": plain, "of a kind unknown": unknown, "trees behind a scaler": scaled}


def test_candidates_that_really_fail_are_named_in_answer_report_and_log(
    store: ModelStore, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(training, "candidates", failing)
    outcome = publish(store)
    assert outcome.version is not None
    manifest = versions.read_manifest(store, outcome.version)
    assert manifest.model == "plain"
    notes = [*outcome.answer()["notes"]]
    why = dict(note.split(" was passed over: ") for note in notes[-2:])
    assert re.search("graph and estimator differ by [0-9.e-]+ in probability", why["trees behind a scaler"])
    assert why["of a kind unknown"].startswith("it cannot be converted to ONNX: Unable to find a shape")
    assert "\n" not in why["of a kind unknown"]
    assert manifest.notes == notes[-2:]
    kept = read_report(store.get(report_key(outcome.version)).body)
    assert [*kept.notes] == notes
    logged = capsys.readouterr().out
    assert '"candidate": "of a kind unknown", "reason": "it cannot be converted' in logged


def test_a_model_is_not_published_when_no_candidate_can_be_proven(
    titanic: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: Any, **__: Any) -> Certificate:
        raise UnprovenModel("they differ")

    monkeypatch.setattr(training, "certify", never)
    with pytest.raises(UnprovenModel, match="logistic regression was passed over: they differ"):
        train(titanic, QUICK, quiet)
