"""What a version keeps of the rows it was made from, to measure drift against and to explain by."""

from typing import Any

import numpy as np

from functions.core.base.errors import UnsoundAnswer
from functions.core.base.logs import log
from functions.core.schema.columns import from_values, to_values
from functions.core.schema.schema import Schema
from functions.core.scoring.explain import MAX_EXACT, MAX_ROWS, MIN_PAIRS, explain
from functions.core.scoring.scorer import Scorer
from functions.core.stats.distributions import of_numbers
from functions.core.stats.records import Distribution, MeanContributions
from training.model.evaluation import Probabilities
from training.table.matrix import Matrix, to_columns

BACKGROUND_ROWS = 8
# Rows that are explained to tell what a model goes by, and rows of the graph that are run for them at most:
# below a second for ten features or fewer, one or two for more.
MAX_EXPLAINED = 100
_MAX_GRAPH_ROWS = 1_000_000
# Of more, the rows of the graph that explain a single row fill hundreds of megabytes.
MAX_EXPLAINED_FEATURES = 1_000


def reference(matrix: Matrix, probability: Probabilities, schema: Schema) -> dict[str, Distribution]:
    """The distribution of each feature and of the predicted probability.

    matrix: the representative rows of a dataset; probability: the model's of those of them that it was not
    fitted on, float [H]. On the rows of its own training a model is surer than it will ever be again:
    measured against these, the probabilities of any new rows would have drifted.
    """
    distributions: dict[str, Distribution] = {}
    for index, field in enumerate(schema.features):
        column = matrix[:, index]
        if field.words is None:
            distributions[field.name] = of_numbers(column)
        else:
            codes = np.nan_to_num(column, nan=len(field.words)).astype(np.intp)
            counts = np.bincount(codes, minlength=len(field.words) + 1)
            distributions[field.name] = Distribution(categories=list(field.words), counts=counts.tolist())
    return distributions | {"probability": of_numbers(probability)}


def background(matrix: Matrix, probability: Probabilities, schema: Schema) -> dict[str, list[Any]]:
    """Eight training rows that stand for "not known" in an explanation, column by column; None is missing.

    They are those in the middle of each eighth of the rows in order of probability, so that the mean of
    their probabilities is near the mean of all. probability: of the rows of `matrix`, float [N].
    """
    order = np.argsort(probability, kind="stable")
    middles = (np.arange(BACKGROUND_ROWS) + 0.5) / BACKGROUND_ROWS * len(order)
    return to_values(to_columns(matrix[order[middles.astype(np.intp)]], schema))


def mean_contributions(
    model: bytes, rows: Matrix, background: dict[str, list[Any]], schema: Schema
) -> MeanContributions | None:
    """How far each feature moves the graph's probability, on average over the first of `rows`.

    rows: of the holdout, in an order that is the same each time; background: as `background` chose it. None
    where there are too many features, or the graph answers a row that is put together from others with what
    is no probability.
    """
    features = len(schema.features)
    if features > MAX_EXPLAINED_FEATURES:
        return None
    explained = rows[: min(MAX_EXPLAINED, _MAX_GRAPH_ROWS // _graph_rows(features))]
    try:
        explanation = explain(
            to_columns(explained, schema),
            from_values(background, schema),
            Scorer(model, schema),
            schema.names,
        )
    except UnsoundAnswer as error:
        log("WARNING", "what the model goes by is not told", reason=str(error))
        return None
    means = np.abs(explanation.contributions).mean(axis=0)
    return MeanContributions(
        rows=len(explained),
        base_probability=explanation.base,
        mean_absolute=dict(zip(schema.names, means.tolist(), strict=True)),
        is_sampled=explanation.is_sampled,
    )


def _graph_rows(features: int) -> int:
    """How many rows of the graph explain a row of so many features."""
    if features <= MAX_EXACT:
        return int(2**features) * BACKGROUND_ROWS
    return max(MAX_ROWS, 2 * MIN_PAIRS * BACKGROUND_ROWS * (features - 1))
