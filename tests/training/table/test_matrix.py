"""The side of each row is what it always was."""

import hashlib

import numpy as np
import pytest

from training.table import matrix as matrices
from training.table.dataset import Dataset
from training.table.matrix import HOLDOUT_SHARE, Matrix, holdout_rows, row_hashes


def hashed_one_by_one(matrix: Matrix) -> list[int]:
    """As it was written at first, and must stay: datasets of other years have these sides."""
    rows = np.ascontiguousarray(matrix, dtype="<f4")
    return [int.from_bytes(hashlib.blake2b(row.tobytes(), digest_size=8).digest()) for row in rows]


@pytest.mark.parametrize(("rows", "features"), [(1, 1), (1_003, 8), (300, 64), (0, 3)])
def test_rows_have_the_hashes_that_they_always_had(
    rows: int, features: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matrices, "_HASHED", 100)
    draw = np.random.default_rng(0)
    matrix = draw.normal(0, 1e3, (rows, features)).astype(np.float32)
    matrix[draw.random(matrix.shape) < 0.2] = np.nan
    for same in (matrix, np.asfortranarray(matrix), matrix.astype(">f4")):
        assert row_hashes(same).tolist() == hashed_one_by_one(matrix)


def test_the_shipped_rows_stand_where_they_always_stood(titanic: Dataset) -> None:
    sides = [value < HOLDOUT_SHARE * 2**64 for value in hashed_one_by_one(titanic.matrix)]
    assert holdout_rows(titanic.matrix).tolist() == sides
    assert sum(sides) == titanic.holdout.sum()
