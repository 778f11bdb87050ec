"""Metrics of groups, their intervals, and what a version keeps of its rows."""

import numpy as np
import pytest

from functions.core.schema.document.parsing import parse_schema
from functions.core.stats.intervals import MAX_ROWS
from functions.core.stats.metrics import metrics_of
from tests.support.titanic import SCHEMA
from tests.support.training import quiet
from tests.support.training_tables import loans
from training.estimators import average
from training.estimators.candidates import candidates
from training.model.evaluation import confusion, cross_validate, intervals, members, slices
from training.model.reference import background, reference
from training.model.train import Trained
from training.table.dataset import Dataset


def holdout(rows: int = 400) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(1)
    chances = draw.random(rows)
    return (draw.random(rows) < chances).astype(np.int64), chances


def test_an_interval_narrows_with_more_rows() -> None:
    outcome, chances = holdout(4000)
    wide = intervals(outcome[:100], chances[:100])["brier"]
    narrow = intervals(outcome, chances)["brier"]
    assert narrow.high - narrow.low < wide.high - wide.low


def test_an_outcome_too_rare_to_be_drawn_has_intervals_all_the_same() -> None:
    draw = np.random.default_rng(0)
    rows = 40 * MAX_ROWS
    outcome = np.zeros(rows, dtype=np.int64)
    outcome[[2, 5_000]] = 1
    chances = draw.random(rows) * 0.01 + 0.3 * outcome
    found = intervals(outcome, chances)
    for name, value in metrics_of(outcome, chances).items():
        assert found[name].value == value
        assert np.isfinite([found[name].low, found[name].high]).all()
        assert found[name].low - 1e-9 <= value <= found[name].high + 1e-9 or name == "calibration_error"
    # The same the other way round.
    turned = intervals(1 - outcome, 1 - chances)
    assert turned["brier"].value == pytest.approx(metrics_of(outcome, chances)["brier"])


def test_an_average_of_candidates_that_were_judged_is_not_fitted_and_says_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    schema, matrix, labels = loans(200)
    models = candidates(schema.features, 200)
    name = "average of logistic regression and boosting"
    compared = {part: models[part] for part in models if models[part] in average.members_of(models[name])}
    fits: list[object] = []
    fit = average.Average.fit

    def counted(self: average.Average, *rows: np.ndarray, **weights: np.ndarray) -> average.Average:
        fits.append(self)
        return fit(self, *rows, **weights)

    monkeypatch.setattr(average.Average, "fit", counted)

    def judge(*names: str) -> dict[str, float]:
        some = {each: models[each] for each in names}
        return cross_validate(some, matrix, labels, schema, folds=2, repeats=1, seed=0, progress=quiet)[name]

    alone = judge(name)
    assert len(fits) == 2
    assert judge(*compared, name) == alone
    assert len(fits) == 2


def test_confusion_counts_rows_by_outcome_and_label() -> None:
    outcome = np.array([0, 0, 0, 1, 1])
    assert confusion(outcome, np.array([0.1, 0.9, 0.5, 0.6, 0.2])) == [[2, 1], [1, 1]]


def test_the_groups_of_a_schema_are_categories_numbers_and_answers() -> None:
    schema = parse_schema(
        {
            "fields": [
                {"name": "smoker", "type": "boolean"},
                {"name": "grade", "type": "integer", "constraints": {"enum": [1, 2, 3]}},
                {"name": "city", "type": "string", "constraints": {"enum": ["Bern", "Biel"]}},
                {"name": "ill", "type": "boolean"},
            ],
            "target": "ill",
            "slices": ["smoker", "grade", "city"],
        }
    )
    matrix = np.array([[0, 1, 1], [1, 1, np.nan], [np.nan, 2, 1]], dtype=np.float32)
    found = {name: np.flatnonzero(rows).tolist() for name, rows in members(matrix, schema).items()}
    assert found == {
        "smoker=false": [0],
        "smoker=true": [1],
        "grade=1": [0, 1],
        "grade=2": [2],
        "city=Biel": [0, 2],
    }
    # All rows of grade 1 have the same outcome: there is no ROC AUC of them.
    by_group = slices(matrix, np.array([1, 1, 0]), np.array([0.9, 0.8, 0.1]), schema)
    assert by_group["grade=1"]["rows"] == 2
    assert "roc_auc" not in by_group["grade=1"]
    assert by_group["city=Biel"]["roc_auc"] == 1
    # One of its two rows has the positive value, and is told to be positive; the other is not.
    biel = by_group["city=Biel"]
    assert (biel["positives"], biel["true_positive_rate"], biel["false_positive_rate"]) == (1, 1, 0)
    # A rate of no rows is none.
    assert "false_positive_rate" not in by_group["grade=1"]


def test_the_reference_counts_every_row_of_the_dataset(titanic: Dataset) -> None:
    found = reference(titanic.matrix, np.linspace(0, 1, 200), SCHEMA)
    assert list(found) == [*SCHEMA.names, "probability"]
    assert {found[name].rows for name in SCHEMA.names} == {1309}
    assert found["sex"].categories == ["female", "male"]
    assert found["sex"].counts == [466, 843, 0]
    assert found["embarked"].counts[-1] == 2
    assert found["age"].counts[-1] == 263
    assert found["probability"].counts == [20] * 10 + [0]


def test_the_background_stands_for_rows_of_every_probability(titanic: Dataset, trained: Trained) -> None:
    chances = np.linspace(0, 1, 1309)
    found = background(titanic.matrix, chances, SCHEMA)
    assert list(found) == list(SCHEMA.names)
    middles = [int((eighth + 0.5) / 8 * 1309) for eighth in range(8)]
    assert found["pclass"] == titanic.matrix[middles, 0].tolist()
    assert all(len(values) == 8 for values in trained.background.values())
