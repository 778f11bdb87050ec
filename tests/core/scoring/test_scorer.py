"""The exported graphs of all models that compete: what a row is given does not depend on how it is asked."""

import numpy as np
import pytest

from functions.core.schema.columns import Columns
from functions.core.scoring.scorer import Scorer
from tests.support.titanic import SCHEMA, columns_of
from training.estimators.candidates import candidates
from training.estimators.gaps import fit
from training.proof.export import export
from training.table.dataset import Dataset

ROWS = [
    {"pclass": pclass, "sex": sex, "age": age, "fare": fare}
    for pclass in (1, 2, 3)
    for sex in ("female", "male")
    for age in (None, 0.75, 22.0, 41.5, 63.0)
    for fare in (None, 7.25, 14.4583, 211.3375)
]


def part(columns: Columns, rows: slice) -> Columns:
    return {name: column[rows] for name, column in columns.items()}


@pytest.mark.parametrize("name", candidates(SCHEMA.features, 1_000))
def test_a_row_alone_is_given_what_it_is_given_among_others_to_the_last_bit(
    titanic: Dataset, name: str
) -> None:
    matrix, outcome = titanic.train
    model = fit(candidates(SCHEMA.features, len(matrix))[name], matrix, outcome, SCHEMA.features)
    scorer = Scorer(export(model, SCHEMA), SCHEMA)
    columns, rows = columns_of(ROWS), len(ROWS)
    together = scorer.run(columns)
    for size in (1, 2, 7):
        pieces = [scorer.run(part(columns, slice(at, at + size))) for at in range(0, rows, size)]
        assert (
            np.concatenate([piece.probability for piece in pieces]).tobytes()
            == together.probability.tobytes()
        )
        assert np.concatenate([piece.label for piece in pieces]).tobytes() == together.label.tobytes()
    nothing = scorer.run(part(columns, slice(0)))
    assert [(scores.shape, str(scores.dtype)) for scores in nothing] == [((0,), "int64"), ((0,), "float32")]
