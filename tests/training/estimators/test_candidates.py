"""Candidates of any table: they fit, they differ only in how good they are, and what they give is a
probability."""

import numpy as np
import pytest
from sklearn.base import clone

from functions.core.schema.schema import LARGEST
from functions.core.stats.metrics import metrics_of
from tests.support.training_tables import field, loans, schema_of, tumours
from training.estimators.candidates import MAX_SORTED_ROWS, candidates
from training.estimators.gaps import fit

NAMES = list(candidates([], 100))


@pytest.mark.parametrize("name", NAMES)
def test_every_candidate_learns_from_every_kind_of_field(name: str) -> None:
    schema, matrix, labels = loans(900)
    model = fit(candidates(schema.features, 600)[name], matrix[:600], labels[:600], schema.features)
    assert metrics_of(labels[600:], model.predict_proba(matrix[600:])[:, 1])["roc_auc"] > 0.8


@pytest.mark.parametrize("name", NAMES)
def test_a_real_table_of_numbers_is_learned(name: str) -> None:
    schema, matrix, labels = tumours()
    model = fit(candidates(schema.features, 400)[name], matrix[:400], labels[:400], schema.features)
    assert metrics_of(labels[400:], model.predict_proba(matrix[400:])[:, 1])["roc_auc"] > 0.97


@pytest.mark.parametrize("name", NAMES)
def test_the_same_rows_make_the_same_model(name: str) -> None:
    schema, matrix, labels = loans(200)
    model = candidates(schema.features, 200)[name]
    first, again = (
        fit(clone(model), matrix, labels, schema.features).predict_proba(matrix) for _ in range(2)
    )
    np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize("name", NAMES)
def test_numbers_far_from_all_that_was_seen_are_taken_for_the_farthest_seen(name: str) -> None:
    schema, matrix, labels = loans(300)
    model = fit(candidates(schema.features, 300)[name], matrix, labels, schema.features)
    known = matrix[~np.isnan(matrix[:, 0])]
    far, farthest = known.copy(), known.copy()
    far[:, 0], farthest[:, 0] = LARGEST, np.nanmax(matrix[:, 0])
    np.testing.assert_array_equal(model.predict_proba(far), model.predict_proba(farthest))


def test_boosting_bins_rows_with_weights_as_those_without() -> None:
    schema, matrix, labels = tumours()
    model = candidates(schema.features, 400)["histogram gradient boosting"]
    plain = clone(model).fit(matrix, labels)
    weighted = clone(model).fit(matrix, labels, model__sample_weight=np.ones(len(matrix)))
    np.testing.assert_allclose(weighted.predict_proba(matrix), plain.predict_proba(matrix), atol=1e-9)
    halved = clone(model).fit(matrix, labels, model__sample_weight=np.linspace(0.5, 1, len(matrix)))
    bins = [one["model"]._bin_mapper.bin_thresholds_[0].tolist() for one in (plain, halved)]
    assert bins[0] == bins[1]


def test_logarithms_tell_small_amounts_apart_that_a_line_cannot() -> None:
    schema = schema_of(field("amount", "number", required=True))
    draw = np.random.default_rng(0)
    amount = (10 ** draw.uniform(-1, 3, 2000)).astype(np.float32)[:, None]
    labels = (draw.random(2000) < np.where(amount[:, 0] > 10, 0.9, 0.1)).astype(np.int64)
    loss = {}
    for name, model in candidates(schema.features, 1000).items():
        fitted = fit(model, amount[:1000], labels[:1000], schema.features)
        loss[name] = metrics_of(labels[1000:], fitted.predict_proba(amount[1000:])[:, 1])["log_loss"]
    assert loss["logistic regression with logarithms"] < loss["logistic regression"] - 0.1


def test_a_large_table_has_only_candidates_whose_time_grows_with_its_rows() -> None:
    schema = loans(10).schema
    large = candidates(schema.features, MAX_SORTED_ROWS + 1)
    assert set(large) < set(candidates(schema.features, MAX_SORTED_ROWS))
    assert any("logistic" in name for name in large)
    assert any("histogram" in name for name in large)
