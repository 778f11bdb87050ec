"""Why a probability is what it is: the Shapley values of the features, exact or sampled.

The worth of a coalition of features is the mean probability of the background's rows once the coalition's
features are taken from the row that is explained. Shapley (1953), "A Value for n-Person Games"; as an
explanation of a prediction, with this (marginal) worth: Strumbelj & Kononenko (2014), Knowledge and
Information Systems 41.
"""

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from math import factorial
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from functions.core.schema.columns import Columns, Tensor, rows_of
from functions.core.scoring.scorer import Scores

# Up to as many features all coalitions are run, 1,024 at most; beyond, some of the orders in which they form.
MAX_EXACT = 10
# Rows of the graph that explain one row, background included; each background row takes two pairs at the
# least.
MAX_ROWS = 20_000
MIN_PAIRS = 2
# As many rows of the graph are run at once as keep its working memory below some ten megabytes.
ROWS_AT_ONCE = 50_000

FloatArray = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


class Graph(Protocol):
    """What is explained: `core.scoring.scorer.Scorer`, for one."""

    def run(self, columns: Columns, /) -> Scores: ...


class Explanation(NamedTuple):
    """base: the background's mean probability, 0 to 1; contributions, standard_errors: [N, F] in the order of
    `names`.

    A row's contributions and the base add up to its probability, sampled or not. The standard error of a
    contribution is what sampling leaves open of it: 0 where nothing was sampled.
    """

    base: float
    contributions: FloatArray
    standard_errors: FloatArray

    @property
    def is_sampled(self) -> bool:
        """Whether the contributions are estimates, with standard errors above 0."""
        return len(self.contributions.T) > MAX_EXACT


def explain(columns: Columns, background: Columns, scorer: Graph, names: Sequence[str]) -> Explanation:
    """The Shapley value of each feature on the probability, for each row of `columns`.

    columns: N rows; background: B rows that stand for "not known" (see `core.schema.columns` for their
    shape); names: the features, F of them. Up to ten, the values are exact: for a row, at most 2^F * B rows
    of the graph are run. Beyond, they are means over random orders of the features, for which at most
    MAX_ROWS are run (8 background rows and more than 600 features: 32 * (F - 1)). The same row is explained
    the same, alone or among others.
    """
    base = float(scorer.run(background).probability.mean(dtype=np.float64))
    rows = rows_of(columns)
    if len(names) <= MAX_EXACT:
        contributions = _exact(columns, background, scorer, names)
        return Explanation(base, contributions, np.zeros((rows, len(names))))
    sampled = [_sampled(_row(columns, index), background, scorer, names) for index in range(rows)]
    values = np.array(sampled).reshape(rows, 2, len(names))
    return Explanation(base, values[:, 0], values[:, 1])


def _row(columns: Columns, index: int) -> Columns:
    return {name: column[index : index + 1] for name, column in columns.items()}


def _exact(columns: Columns, background: Columns, scorer: Graph, names: Sequence[str]) -> FloatArray:
    """float64 [N, F]: exact values, from the worths of all coalitions."""
    coalitions, weights = _game(len(names))
    rows, size = rows_of(columns), rows_of(background)
    step = max(1, ROWS_AT_ONCE // (len(coalitions) * size))
    worths = np.empty((rows, len(coalitions)))
    numbers = np.arange(len(coalitions))[:, None]
    for start in range(0, rows, step):
        part = slice(start, start + step)
        # A feature in which row and background agree makes no other row in a coalition: of those that differ
        # in such features only, the smallest is run. [n, 2^F, B]: its number.
        run = numbers & _differences(columns, background, names, part)[:, None, :]
        is_run = run == numbers
        of_row, of_coalition, of_background = np.nonzero(is_run)
        mixed = {
            name: np.where(
                coalitions[of_coalition, index, None],
                columns[name][part][of_row],
                background[name][of_background],
            )
            for index, name in enumerate(names)
        }
        probability = np.empty(run.shape, dtype=np.float32)
        probability[is_run] = scorer.run(mixed).probability
        worths[part] = np.take_along_axis(probability, run, axis=1).mean(axis=2, dtype=np.float64)
    return worths @ weights.T


def _differences(
    columns: Columns, background: Columns, names: Sequence[str], part: slice
) -> npt.NDArray[np.intp]:
    """intp [n, B]: the features in which a row differs from a background row, as bits of a number."""
    differences = np.zeros((len(columns[names[0]][part]), rows_of(background)), dtype=np.intp)
    for index, name in enumerate(names):
        own, unknown = _comparable(columns[name][part]), _comparable(background[name][:, 0])
        differences |= (own != unknown).astype(np.intp) << index
    return differences


def _comparable(column: Tensor) -> npt.NDArray[Any]:
    """Numbers by their bits, in which NaN is like itself and -0.0 is not 0.0; texts as they are."""
    return column.view(np.uint32) if column.dtype == np.float32 else column


@lru_cache(maxsize=8)
def _game(players: int) -> tuple[Mask, FloatArray]:
    """All coalitions, bool [2^F, F], and the weights [F, 2^F] that turn their worths into Shapley values."""
    numbers = np.arange(2**players)
    coalitions = (numbers[:, None] >> np.arange(players) & 1).astype(np.bool_)
    members = coalitions.sum(axis=1)
    # |S|! (n - |S| - 1)! / n! for the coalition S that a player joins.
    joining = np.array(
        [factorial(s) * factorial(players - s - 1) / factorial(players) for s in range(players)]
    )
    without = np.minimum(members, players - 1)
    weights = np.where(coalitions, joining[members - 1, None], -joining[without, None])
    return coalitions, np.ascontiguousarray(weights.T)


def _sampled(
    row: Columns, background: Columns, scorer: Graph, names: Sequence[str]
) -> tuple[FloatArray, FloatArray]:
    """Values and their standard errors, float64 [F] each, for one row.

    In each order the features pass from a background row's values to the row's own, one after the other, and
    each is credited with what the probability changes by: Castro, Gomez & Tejada (2009), "Polynomial
    calculation of the Shapley value based on sampling", Computers & Operations Research 36. Each order is
    also run backwards, which cancels most of what depends on who comes first: Mitchell, Cooper, Frank &
    Holmes (2022), "Sampling Permutations for Shapley Value Estimation", JMLR 23. Every background row is left
    as often, in orders of its own.
    """
    features, size = len(names), rows_of(background)
    pairs = max(MIN_PAIRS, MAX_ROWS // (size * 2 * (features - 1)))
    draw = np.random.default_rng(_seed(row, names))
    # The place of each feature in each order, [B, pairs, 2, F]; what is backwards stands beside it.
    forwards = draw.permuted(np.tile(np.arange(features), (size, pairs, 1)), axis=2)
    places = np.stack([forwards, features - 1 - forwards], axis=2)
    between = _run(row, background, scorer, names, places)
    probability = np.empty((size, pairs, 2, features + 1))
    probability[..., 0] = scorer.run(background).probability[:, None, None]
    probability[..., 1:-1] = between
    probability[..., -1] = scorer.run(row).probability
    gains = np.take_along_axis(np.diff(probability, axis=-1), places, axis=-1)
    of_pairs = gains.mean(axis=2)
    variance = of_pairs.var(axis=1, ddof=1).sum(axis=0) / (pairs * size**2)
    return of_pairs.mean(axis=(0, 1)), np.sqrt(variance)


def _run(
    row: Columns,
    background: Columns,
    scorer: Graph,
    names: Sequence[str],
    places: npt.NDArray[np.intp],
) -> FloatArray:
    """float64 [B, pairs, 2, F - 1]: probabilities after 1, 2, … F - 1 features of each order."""
    steps = np.arange(1, len(names))
    shape = (*places.shape[:-1], len(steps))
    mixed: dict[str, Any] = {}
    for index, name in enumerate(names):
        own, unknown = row[name][0, 0], background[name][:, 0]
        chosen = np.where(places[..., index, None] < steps, own, unknown[:, None, None, None])
        mixed[name] = chosen.astype(row[name].dtype, copy=False).reshape(-1, 1)
    parts = [
        scorer.run({name: column[start : start + ROWS_AT_ONCE] for name, column in mixed.items()}).probability
        for start in range(0, int(np.prod(shape)), ROWS_AT_ONCE)
    ]
    return np.concatenate(parts).astype(np.float64).reshape(shape)


def _seed(row: Columns, names: Sequence[str]) -> int:
    """A number that follows from the row's values alone."""
    digest = hashlib.blake2b(digest_size=8)
    for name in names:
        digest.update(f"{row[name][0, 0]}\0".encode())
    return int.from_bytes(digest.digest())
