"""What a missing field means is learned from copies of the rows, of which fields were taken away."""

import numpy as np
import pytest
from sklearn.base import clone

from functions.core.stats.metrics import metrics_of
from tests.support.training_tables import loans
from training.estimators import gaps
from training.estimators.candidates import candidates
from training.estimators.gaps import fit, with_gaps
from training.table.matrix import Matrix


def table(rows: int) -> Matrix:
    return np.arange(rows * 4, dtype=np.float32).reshape(rows, 4)


def test_only_optional_fields_are_taken_away_and_nothing_else_changes() -> None:
    matrix, labels = table(500), np.arange(500) % 2
    optional = np.array([False, True, True, False])
    rows, outcomes, weights = with_gaps(matrix, labels, optional)
    np.testing.assert_array_equal(rows[:500], matrix)
    copies = rows[500:]
    missing = np.isnan(copies)
    assert not missing[:, ~optional].any()
    # A share that is uniform on 0 to 1 takes away half, and all of two fields from a third of the rows.
    assert missing[:, 1].mean() == pytest.approx(0.5, abs=0.05)
    assert missing[:, 1:3].all(axis=1).mean() == pytest.approx(1 / 3, abs=0.05)
    origin = (copies[:, 0] / 4).astype(int)
    np.testing.assert_array_equal(outcomes[500:], labels[origin])
    assert (np.isnan(copies) | (copies == matrix[origin])).all()
    assert weights[:500].tolist() == [1] * 500
    assert weights[500:].sum() == pytest.approx(gaps.COPIES_WEIGHT * 500)


def test_the_same_seed_gives_the_same_gaps() -> None:
    matrix, labels, optional = table(50), np.zeros(50, dtype=np.int64), np.ones(4, dtype=np.bool_)
    first, again, other = (with_gaps(matrix, labels, optional, seed=seed)[0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other, equal_nan=True)


def test_rows_without_an_optional_field_have_no_copies() -> None:
    matrix, labels = table(50), np.zeros(50, dtype=np.int64)
    rows, _, weights = with_gaps(matrix, labels, np.zeros(4, dtype=np.bool_))
    assert rows is matrix
    assert weights.tolist() == [1] * 50


def test_a_large_table_has_few_copies_that_weigh_as_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gaps, "MAX_COPIES", 100)
    rows, _, weights = with_gaps(table(1000), np.zeros(1000, dtype=np.int64), np.ones(4, dtype=np.bool_))
    assert len(rows) == 1500
    assert weights.sum() == pytest.approx(1500)
    assert len(np.unique(rows[:, 0])) > 900


def test_a_row_without_a_field_is_scored_as_by_a_model_that_never_knew_it() -> None:
    schema, matrix, labels = loans(1500)
    train, judge = slice(0, 1000), slice(1000, None)
    without = matrix[judge].copy()
    without[:, 4] = np.nan
    model = candidates(schema.features, 1000)["gradient boosting"]
    losses = {}
    for kind, rows in {
        "learned": fit(clone(model), matrix[train], labels[train], schema.features),
        "not learned": clone(model).fit(matrix[train], labels[train]),
    }.items():
        losses[kind] = metrics_of(labels[judge], rows.predict_proba(without)[:, 1])["log_loss"]
    unknown = matrix.copy()
    unknown[:, 4] = np.nan
    never_known = fit(model, unknown[train], labels[train], schema.features)
    expected = metrics_of(labels[judge], never_known.predict_proba(without)[:, 1])["log_loss"]
    assert losses["learned"] == pytest.approx(expected, abs=0.02)
    assert losses["not learned"] > losses["learned"] + 0.05


@pytest.mark.parametrize("name", list(candidates([], 100)))
def test_a_column_of_which_nothing_is_known_does_no_harm(name: str) -> None:
    schema, matrix, labels = loans(200)
    matrix[:, 0] = np.nan
    model = fit(candidates(schema.features, 200)[name], matrix, labels, schema.features)
    known = matrix.copy()
    known[:, 0] = 1e6
    assert np.isfinite(model.predict_proba(np.concatenate([matrix, known]))).all()
