"""What a missing field means, learned from rows of which fields were taken away.

A schema may call a field optional that no row of the training data lacks: a model would have learned nothing
of rows that do, and what it says of them would be an accident. So it is fitted on the rows as they are and,
with less weight, on copies of them in which fields are missing at random.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from sklearn.pipeline import Pipeline

from functions.core.schema.schema import Field
from training.table.matrix import Labels, Mask, Matrix

# Copies of each row, and what they weigh together beside the row itself. On the shipped table five
# copies learn hardly more than two, one does measurably less, and a fit takes the time that its rows take.
COPIES = 2
COPIES_WEIGHT = 0.5
# Beyond this many copies, half the rows have one each; and beyond that many, no more are made.
MAX_COPIES = 100_000
MAX_COPIES_OF_HALF = 1_000_000

Weights = npt.NDArray[np.float64]


def with_gaps(
    matrix: Matrix, labels: Labels, optional: Mask, *, seed: int = 0, of: int | None = None
) -> tuple[Matrix, Labels, Weights]:
    """The rows, and behind them copies in which each row lacks a random share of its optional fields.

    matrix: float32 [N, F]; labels: int64 [N]; optional: bool [F], the fields that a row may lack; of: how
    many rows there are in all, where these are a part of them. The share is drawn for each copy, uniform on 0
    to 1, so that few missing fields are as likely as many. Returns the rows, their labels, and weights,
    float64: 1 of each row as it was, and of its copies COPIES_WEIGHT, or that on average.
    """
    rows = len(matrix)
    count = round(_copies_of(of or rows) * rows / (of or rows)) if rows else 0
    if not optional.any() or not count:
        return matrix, labels, np.ones(rows)
    draw = np.random.default_rng(seed)
    chosen = np.resize(draw.permutation(rows), count)
    made = np.empty((rows + count, matrix.shape[1]), dtype=np.float32)
    made[:rows], copies = matrix, made[rows:]
    copies[:] = matrix[chosen]
    share = draw.random((count, 1), dtype=np.float32)
    # A column at a time: numbers for all of them would take as much room as the copies themselves.
    for index in np.flatnonzero(optional):
        copies[draw.random(count, dtype=np.float32) < share[:, 0], index] = np.nan
    weights = np.concatenate([np.ones(rows), np.full(count, COPIES_WEIGHT * rows / count)])
    return made, np.concatenate([labels, labels[chosen]]), weights


def _copies_of(rows: int) -> int:
    return min(COPIES * rows, max(MAX_COPIES, min(rows // 2, MAX_COPIES_OF_HALF)))


def prepare(
    matrix: Matrix,
    labels: Labels,
    features: Sequence[Field],
    *,
    unknown: Mask,
    seed: int = 0,
    of: int | None = None,
) -> tuple[Matrix, Labels, Weights]:
    """What a candidate of `training.estimators.candidates` is fitted on: rows with and without gaps, and
    their weights.

    unknown: bool [F], the columns of which no value is known, in any row of all `of`. They are 0 throughout:
    histogram gradient boosting would fail on them.
    """
    if unknown.any():
        matrix = np.where(unknown, np.float32(0), matrix)
    optional = np.array([not field.required for field in features])
    return with_gaps(matrix, labels, optional, seed=seed, of=of)


def unknown_columns(matrix: Matrix, rows: Mask | slice = slice(None)) -> Mask:
    """bool [F]: the columns of which no value is known in these rows."""
    return np.array([np.isnan(column[rows]).all() for column in matrix.T])


def fit(
    model: Pipeline, matrix: Matrix, labels: Labels, features: Sequence[Field], *, seed: int = 0
) -> Pipeline:
    """Fit a candidate on rows with and without gaps, and return it."""
    rows, outcomes, weights = prepare(matrix, labels, features, unknown=unknown_columns(matrix), seed=seed)
    return model.fit(rows, outcomes, model__sample_weight=weights)
