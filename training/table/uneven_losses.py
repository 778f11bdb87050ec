"""Outcomes and categories of which more rows were left out than of the others."""

import json
from collections.abc import Iterator

import numpy as np

from functions.core.schema.schema import Schema
from training.table.matrix import Labels, Matrix, field_values

MAX_BAD_ROWS = 0.05
"""Share of rows that may be left out."""

# Of rows with a category: of fewer, a few that are left out say nothing.
MIN_GROUP = 20


def uneven_losses(schema: Schema, kept: tuple[Matrix, Labels], lost: tuple[Matrix, Labels]) -> Iterator[str]:
    """The outcomes and categories that lost more than their share of rows, each in a sentence.

    kept, lost: rows and their outcomes, -1 for an outcome that could not be read.
    """
    for code, answer in enumerate(schema.target.answers):
        counts = np.sum(kept[1] == code), np.sum(lost[1] == code)
        yield from _uneven_loss(f"{schema.target.name} {json.dumps(answer, ensure_ascii=False)}", *counts)
    for index, field in enumerate(schema.features):
        for name, number in field_values(field):
            counts = np.sum(kept[0][:, index] == number), np.sum(lost[0][:, index] == number)
            yield from _uneven_loss(f"{field.name} {name}", *counts)


def _uneven_loss(name: str, kept: int, lost: int) -> Iterator[str]:
    if kept + lost >= MIN_GROUP and lost > MAX_BAD_ROWS * (kept + lost):
        yield (
            f"{lost} of the {kept + lost} rows with {name} were left out, more than {MAX_BAD_ROWS:.0%} of "
            "them: what is left may not be like them"
        )
