"""Why a probability is what it is: exact Shapley values of the features."""

from functools import lru_cache
from math import factorial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from functions.core.base.errors import UnusableModel
from functions.core.registry.serving import ServedVersion
from functions.core.schema.columns import Columns, from_values, rows_of
from functions.core.scoring.scorer import Scorer

# As many rows of the graph are run at once as keep its working memory below some ten megabytes.
_ROWS_AT_ONCE = 50_000

FloatArray = npt.NDArray[np.float64]


class Explanation(NamedTuple):
    """base: the background's mean probability, 0 to 1; contributions: [N, 8], in the order of `FEATURES`.

    A row's contributions and the base add up to its probability.
    """

    base: float
    contributions: FloatArray
    errors: FloatArray | None = None


def explain(columns: Columns, background: Columns, scorer: Scorer) -> Explanation:
    """The exact Shapley value of each feature on the probability, for each row of `columns`.

    columns: N rows; background: B rows that stand for "not known" (see `core.schema.columns` for their
    shape). The worth of a coalition of features is the mean probability of the background's rows once the
    coalition's features are taken from the passenger; all 2^8 coalitions are run, nothing is sampled.
    Shapley (1953), "A Value for n-Person Games"; as an explanation of a prediction, with this (marginal)
    worth: Strumbelj & Kononenko (2014), Knowledge and Information Systems 41.
    """
    coalitions, weights = _game(len(columns))
    rows = rows_of(columns)
    size = rows_of(background)
    step = max(1, _ROWS_AT_ONCE // (len(coalitions) * size))
    found = [
        _worths(columns, slice(start, start + step), background, scorer) for start in range(0, rows, step)
    ]
    worths = np.concatenate(found) if found else np.empty((0, len(coalitions)))
    base = float(scorer.run(background).probability.mean(dtype=np.float64))
    return Explanation(base, worths @ weights.T)


def background_of(served: ServedVersion) -> Columns:
    """The background that a version was published with. Raises `UnusableModel` when it has none."""
    try:
        return from_values(served.background, served.schema)
    except KeyError as error:
        raise UnusableModel(f"version {served.version} was published without a background") from error


def _worths(columns: Columns, part: slice, background: Columns, scorer: Scorer) -> FloatArray:
    """float64 [n, 256]: the worth of each coalition for each of the n rows of `part`."""
    coalitions, _ = _game(len(columns))
    size = rows_of(background)
    mixed = {}
    for at, name in enumerate(columns):
        # [n, 256, B]: of the passenger where the coalition has the feature, else of the background.
        ours, theirs = columns[name][part, 0], background[name][:, 0]
        chosen = np.where(coalitions[None, :, at, None], ours[:, None, None], theirs[None, None, :])
        mixed[name] = chosen.reshape(-1, 1)
    probability = scorer.run(mixed).probability
    worths: FloatArray = probability.reshape(-1, len(coalitions), size).mean(axis=2, dtype=np.float64)
    return worths


@lru_cache(maxsize=4)
def _game(players: int) -> tuple[npt.NDArray[np.bool_], FloatArray]:
    """All coalitions, bool [256, 8], and the weights [8, 256] that turn their worths into Shapley values."""
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
