"""The exported graphs of all models that compete: what a row is given does not depend on how it is asked."""

from typing import Any

import numpy as np
import pytest
from functions.core.schema.passenger import Passenger
from training.pipeline import candidates

from functions.core.schema.columns import Columns, to_columns
from functions.core.scoring.scorer import Scorer
from training.dataset import Dataset
from training.export import export

PASSENGERS = [
    Passenger(pclass=pclass, sex=sex, age=age, fare=fare)
    for pclass in (1, 2, 3)
    for sex in ("female", "male")
    for age in (None, 0.75, 22.0, 41.5, 63.0)
    for fare in (None, 7.25, 14.4583, 211.3375)
]


def part(columns: Columns, rows: slice) -> Columns:
    return {name: column[rows] for name, column in columns.items()}


@pytest.mark.parametrize("name", candidates(1_000))
def test_a_row_alone_is_given_what_it_is_given_among_others_to_the_last_bit(
    titanic: Dataset, name: str
) -> None:
    matrix, survived = titanic.train
    model: Any = candidates(len(matrix))[name]
    scorer = Scorer(export(model.fit(matrix, survived)))
    columns, rows = to_columns(PASSENGERS), len(PASSENGERS)
    together = scorer.run(columns)
    for size in (1, 2, 7):
        pieces = [scorer.run(part(columns, slice(at, at + size))) for at in range(0, rows, size)]
        assert (
            np.concatenate([piece.probability for piece in pieces]).tobytes()
            == together.probability.tobytes()
        )
        assert np.concatenate([piece.label for piece in pieces]).tobytes() == together.label.tobytes()
