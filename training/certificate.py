"""The proof that the exported graph and the fitted pipeline agree, without which nothing is published."""

from itertools import product

import numpy as np
import numpy.typing as npt
from sklearn.base import ClassifierMixin

from functions.core.base.errors import UnprovenModel
from functions.core.registry.manifest import Certificate
from functions.core.schema.columns import Columns
from functions.core.schema.passenger import FEATURES
from functions.core.scoring.scorer import Scorer
from training.dataset import Matrix, to_columns
from training.export import thresholds

TOLERANCE = 1e-5
CHUNK = 100_000
_EXTREMES = (0.0, 1.0, 20.0, 120.0, 1_000_000.0)


def certify(estimator: ClassifierMixin, model: bytes, matrix: Matrix) -> Certificate:
    """Compare graph and pipeline on every row of `matrix` and on edge rows made from them.

    matrix: float32 [N, 8] as in `Dataset.matrix`. Edge rows: every pattern of missing values, categories
    never seen, extremes, and each number at, and one ulp to either side of, each split threshold.
    Raises `UnprovenModel` when a probability differs by more than 1e-5, or a label does whose
    probability is further than that from the threshold; `UnusableModel` when the graph cannot be loaded.
    """
    scorer = Scorer(model)
    edges = edge_rows(matrix, thresholds(model))
    largest, flips = 0.0, 0
    for rows in (matrix, edges):
        for start in range(0, len(rows), CHUNK):
            part = rows[start : start + CHUNK]
            largest, flips = _compare(estimator, scorer, part, to_columns(part), largest, flips)
    unseen = matrix[: len(FEATURES) * 32].copy()
    columns = dict(to_columns(unseen))
    for at, (name, categories) in enumerate(FEATURES.items()):
        if categories is not None:
            columns[name][at::3] = "never seen"
            unseen[at::3, at] = np.nan
    largest, flips = _compare(estimator, scorer, unseen, columns, largest, flips)
    # `not <=`: a NaN from the graph is a difference too.
    if not largest <= TOLERANCE or flips:
        raise UnprovenModel(
            f"graph and pipeline differ by {largest:.2e} in probability (at most {TOLERANCE:.0e} may be) "
            f"and in {flips} labels; the model is not published"
        )
    return Certificate(
        rows=len(matrix),
        edge_rows=len(edges) + len(unseen),
        largest_difference=largest,
        label_flips=flips,
        tolerance=TOLERANCE,
    )


def edge_rows(matrix: Matrix, split_thresholds: npt.NDArray[np.float32]) -> Matrix:
    """float32 [M, 8]: rows of `matrix`, drawn with a fixed seed, bent to the places where graphs go wrong."""
    draw = np.random.default_rng(0)

    def base(count: int) -> Matrix:
        return matrix[draw.integers(len(matrix), size=count)].copy()

    patterns = np.array(list(product([False, True], repeat=len(FEATURES))))
    missing = np.repeat(patterns, 4, axis=0)
    gaps = base(len(missing))
    gaps[missing] = np.nan
    bent = [gaps]
    beside = np.concatenate(
        [
            np.array(_EXTREMES, dtype=np.float32),
            split_thresholds,
            np.nextafter(split_thresholds, np.float32(-np.inf)),
            np.nextafter(split_thresholds, np.float32(np.inf)),
        ]
    )
    for at, categories in enumerate(FEATURES.values()):
        if categories is None:
            rows = base(len(beside))
            rows[:, at] = beside
            bent.append(rows)
    return np.concatenate(bent)


def _compare(
    estimator: ClassifierMixin, scorer: Scorer, rows: Matrix, columns: Columns, largest: float, flips: int
) -> tuple[float, int]:
    expected = estimator.predict_proba(rows)[:, 1]
    scores = scorer.run(columns)
    difference = float(np.max(np.abs(expected - scores.probability)))
    clear = np.abs(expected - 0.5) > TOLERANCE
    flips += int(np.count_nonzero((scores.label != (expected > 0.5)) & clear))
    return float(np.maximum(largest, difference)), flips
