"""The proof that the exported graph and the fitted estimator agree, without which nothing is published."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import combinations, product
from typing import NamedTuple

import numpy as np
from sklearn.base import ClassifierMixin

from functions.core.base.errors import UnprovenModel
from functions.core.registry.manifest import Certificate
from functions.core.schema.columns import Columns
from functions.core.schema.schema import LARGEST, Field, Schema
from functions.core.scoring.scorer import Scorer
from training.proof.export import thresholds
from training.table.matrix import Mask, Matrix, to_columns
from training.table.parallel import map_chunks

TOLERANCE = 1e-5
# Edge rows at most: what a forest of many trees splits by alone would be more.
MAX_EDGE_ROWS = 200_000
MAX_EDGE_CELLS = 20_000_000
# Up to as many features, rows lack fields in each of the 2^F ways; beyond, in some of them.
MAX_ALL_PATTERNS = 10
MAX_PAIRS = 2_000
RANDOM_PATTERNS = 512
ROWS_PER_PATTERN = 4
UNSEEN_ROWS = 1_024
UNSEEN = "\N{REPLACEMENT CHARACTER} never seen"


CompareRows = Callable[[ClassifierMixin, bytes], Iterable["Difference"]]
"""Compares graph and estimator on all rows of a table, wherever these are, part by part."""


class Difference(NamedTuple):
    """The largest difference of a probability, NaN where there is one, and how many labels differ."""

    largest: float
    flips: int


def certify(
    estimator: ClassifierMixin,
    model: bytes,
    matrix: Matrix,
    schema: Schema,
    compare_rows: CompareRows | None = None,
) -> Certificate:
    """Compare graph and estimator on every row of `matrix` and on edge rows made from them.

    compare_rows: where the rows of `matrix` are compared; None: here, on all cores.

    Edge rows: patterns of missing values, each category, words that are no category, extremes, and each
    number at, and one ulp to either side of, each threshold at which the graph's trees split it. Where those
    are too many, some are drawn, always the same. Raises `UnprovenModel` when a probability differs by more
    than 1e-5, or a label does whose probability is further than that from the threshold; `UnusableModel` when
    the graph cannot be loaded.
    """
    comparison = Comparison(estimator, Scorer(model, schema))
    splits = thresholds(model)
    patterns = missing_patterns(len(schema.features))
    budget = min(MAX_EDGE_ROWS, MAX_EDGE_CELLS // len(schema.features))
    values = edge_values(matrix, schema.features, splits, budget - ROWS_PER_PATTERN * len(patterns))
    edges = edge_rows(matrix, patterns, values)
    if compare_rows is None:
        comparison.add_rows(matrix, schema)
    else:
        comparison.add_differences(compare_rows(estimator, model))
    comparison.add_rows(edges, schema)
    unseen = _with_unseen_words(matrix, schema)
    comparison.add(*unseen)
    return comparison.certificate(len(matrix), len(edges) + len(unseen[0]), schema)


class Comparison:
    """What graph and estimator differ by, at most, on the rows so far."""

    def __init__(self, estimator: ClassifierMixin, scorer: Scorer) -> None:
        self._estimator, self._scorer = estimator, scorer
        self._largest, self._flips = 0.0, 0

    @property
    def difference(self) -> Difference:
        """On all rows so far."""
        return Difference(self._largest, self._flips)

    def add_rows(self, rows: Matrix, schema: Schema) -> None:
        """Compare on the rows of a matrix, so many at once."""
        self.add_differences(
            map_chunks(lambda chunk: self._compare(rows[chunk], to_columns(rows[chunk], schema)), len(rows))
        )

    def add(self, rows: Matrix, columns: Columns) -> None:
        """Compare on rows, which are columns for the graph."""
        self.add_differences([self._compare(rows, columns)])

    def add_differences(self, differences: Iterable[Difference]) -> None:
        """Take what they differ by on rows that were compared elsewhere."""
        for largest, flips in differences:
            # Of NaN and a number, `maximum` is NaN.
            self._largest = float(np.maximum(self._largest, largest))
            self._flips += flips

    def _compare(self, rows: Matrix, columns: Columns) -> Difference:
        # scikit-learn adds numbers up to see whether all are finite: those at the ends of float32 overflow.
        with np.errstate(over="ignore", invalid="ignore"):
            expected = self._estimator.predict_proba(rows)[:, 1]
        scores = self._scorer.run(columns)
        clear = np.abs(expected - 0.5) > TOLERANCE
        flips = np.count_nonzero((scores.label != (expected > 0.5)) & clear)
        return Difference(float(np.max(np.abs(expected - scores.probability))), int(flips))

    def certificate(self, rows: int, edges: int, schema: Schema) -> Certificate:
        """The proof, if it is one. Raises `UnprovenModel` when graph and estimator differ."""
        # `not <=`: a NaN from the graph is a difference too.
        if not self._largest <= TOLERANCE or self._flips:
            raise UnprovenModel(
                f"graph and estimator differ by {self._largest:.2e} in probability (at most {TOLERANCE:.0e} "
                f"may be) and in {self._flips} labels; the model is not published"
            )
        return Certificate(
            rows=rows,
            edge_rows=edges,
            patterns="all" if len(schema.features) <= MAX_ALL_PATTERNS else "covering sample",
            largest_difference=self._largest,
            label_flips=self._flips,
            tolerance=TOLERANCE,
        )


def missing_patterns(features: int) -> Mask:
    """bool [P, F]: in which ways rows lack fields, each once.

    All 2^F up to ten features. Beyond: none, all, each alone, pairs (2,000 of them at most), and 512 in which
    a random share is missing.
    """
    if features <= MAX_ALL_PATTERNS:
        return np.array(list(product([False, True], repeat=features)))
    draw = np.random.default_rng(0)
    pairs = np.array(list(combinations(range(features), 2)))
    pairs = draw.permutation(pairs)[:MAX_PAIRS]
    of_pairs = np.zeros((len(pairs), features), dtype=np.bool_)
    of_pairs[np.arange(len(pairs))[:, None], pairs] = True
    random = draw.random((RANDOM_PATTERNS, features)) < draw.random((RANDOM_PATTERNS, 1))
    ends = np.array([[False], [True]]).repeat(features, axis=1)
    return np.unique(np.concatenate([ends, np.eye(features, dtype=np.bool_), of_pairs, random]), axis=0)


def edge_values(
    matrix: Matrix, features: Sequence[Field], splits: Mapping[int, Matrix], most: int
) -> dict[int, Matrix]:
    """The values by column that its rows are to be bent to, `most` in all.

    splits: the thresholds by column. Every category and every extreme is among the values, and as many of the
    thresholds as there is room for.
    """
    values = {index: _of_field(matrix[:, index], field) for index, field in enumerate(features)}
    # Between two categories there is nothing to be sent.
    splits = {index: splits[index] for index in splits if index in values and _is_measured(features[index])}
    room = max(0, most - sum(map(len, values.values()))) // 3
    columns = np.repeat(
        np.array(list(splits), dtype=np.intp), [len(of_column) for of_column in splits.values()]
    )
    chosen = np.random.default_rng(0).permutation(len(columns))[:room]
    is_chosen = np.zeros(len(columns), dtype=np.bool_)
    is_chosen[chosen] = True
    for index, of_column in splits.items():
        at_splits = of_column[is_chosen[columns == index]]
        values[index] = np.unique(np.concatenate([values[index], _with_neighbours(at_splits)]))
    return values


def _is_measured(field: Field) -> bool:
    """Whether the field may have any number, and not only one of some."""
    return field.type in ("number", "integer") and not field.categories


def _of_field(column: Matrix, field: Field) -> Matrix:
    """Categories, or where a number is smallest and largest: in the data, by its schema, and beyond."""
    if field.words is not None:
        return np.arange(len(field.words), dtype=np.float32)
    if not _is_measured(field):
        return np.array(field.categories or (0, 1), dtype=np.float32)
    known = column[~np.isnan(column)]
    ends = [known.min(), known.max()] if len(known) else []
    # Without a bound, a row may have any number that float32 can hold.
    bounds = [field.minimum, field.maximum, 0]
    beyond = [field.minimum - 1, field.maximum + 1, *(10 * end for end in ends)]
    values = np.array([*ends, *bounds, *beyond], dtype=np.float64).clip(-LARGEST, LARGEST)
    return _with_neighbours(values.astype(np.float32))


def _with_neighbours(values: Matrix) -> Matrix:
    """The values, and the next float32 to either side of each, as far as these are finite."""
    # Beside the largest float32 lies infinity.
    with np.errstate(over="ignore"):
        below, above = (np.nextafter(values, np.float32(end)) for end in (-np.inf, np.inf))
    beside: Matrix = np.concatenate([values, below, above])
    return beside[np.isfinite(beside)]


def edge_rows(matrix: Matrix, patterns: Mask, values: Mapping[int, Matrix]) -> Matrix:
    """float32 [M, F]: rows of `matrix`, drawn with a fixed seed, bent to the places where graphs go wrong."""
    return np.concatenate(list(_bent(matrix, patterns, values)))


def _bent(matrix: Matrix, patterns: Mask, values: Mapping[int, Matrix]) -> Iterator[Matrix]:
    draw = np.random.default_rng(0)

    def base(count: int) -> Matrix:
        return matrix[draw.integers(len(matrix), size=count)].copy()

    missing = np.repeat(patterns, ROWS_PER_PATTERN, axis=0)
    gaps = base(len(missing))
    gaps[missing] = np.nan
    yield gaps
    for index, beside in values.items():
        rows = base(len(beside))
        rows[:, index] = beside
        yield rows


def _with_unseen_words(matrix: Matrix, schema: Schema) -> tuple[Matrix, Columns]:
    """Rows with words that are no category, and as the estimator is to take them: as missing."""
    rows = matrix[:UNSEEN_ROWS].copy()
    columns = dict(to_columns(rows, schema))
    draw = np.random.default_rng(0)
    for index, field in enumerate(schema.features):
        if field.words is not None:
            unseen = draw.random(len(rows)) < 0.3
            columns[field.name][unseen] = UNSEEN
            rows[unseen, index] = np.nan
    return rows, columns
