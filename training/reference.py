"""What a version keeps of the rows it was made from, to measure drift against and to explain by."""

from typing import Any

import numpy as np

from functions.core.schema.columns import to_values
from functions.core.schema.schema import Schema
from functions.core.stats.distributions import of_numbers
from functions.core.stats.records import Distribution
from training.evaluation import Probabilities
from training.matrix import Matrix, to_columns

BACKGROUND_ROWS = 8


def reference(matrix: Matrix, probability: Probabilities, schema: Schema) -> dict[str, Distribution]:
    """The distribution of each feature and of the predicted probability.

    matrix: the representative rows of a dataset; probability: the model's of those of them that it was not
    fitted on, float [H]. On the rows of its own training a model is surer than it will ever be again:
    measured against these, the probabilities of any new rows would have drifted.
    """
    found: dict[str, Distribution] = {}
    for index, field in enumerate(schema.features):
        column = matrix[:, index]
        if field.words is None:
            found[field.name] = of_numbers(column)
        else:
            codes = np.nan_to_num(column, nan=len(field.words)).astype(np.intp)
            counts = np.bincount(codes, minlength=len(field.words) + 1)
            found[field.name] = Distribution(categories=list(field.words), counts=counts.tolist())
    return found | {"probability": of_numbers(probability)}


def background(matrix: Matrix, probability: Probabilities, schema: Schema) -> dict[str, list[Any]]:
    """Eight training rows that stand for "not known" in an explanation, column by column; None is missing.

    They are those in the middle of each eighth of the rows in order of probability, so that the mean of
    their probabilities is near the mean of all. probability: of the rows of `matrix`, float [N].
    """
    order = np.argsort(probability, kind="stable")
    middles = (np.arange(BACKGROUND_ROWS) + 0.5) / BACKGROUND_ROWS * len(order)
    return to_values(to_columns(matrix[order[middles.astype(np.intp)]], schema))
