"""Rows of a table with their outcomes, as arrays: what was read of a part of it, here or on a worker."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from functions.core.schema.schema import Schema
from functions.core.schema.tables.chunks import BadRow, Chunk
from training.table.labellers import VOUCHED
from training.table.matrix import Mask, Matrix, to_matrix


@dataclass(frozen=True, slots=True)
class LabelledRows:
    """A `Chunk` whose columns are a matrix. labelled_by: None where all rows are vouched for."""

    matrix: Matrix
    outcomes: npt.NDArray[np.int8]
    representative: Mask
    labelled_by: Sequence[str] | None
    lines: npt.NDArray[np.int64]
    bad: list[BadRow]
    unknown: Mapping[str, Counter[str]]
    lost: Matrix
    lost_outcomes: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.lines)


def label_rows(chunk: Chunk, schema: Schema) -> LabelledRows:
    """The rows of a chunk."""
    lost = to_matrix(chunk.lost, schema) if chunk.lost_outcomes else _no_rows(schema)
    return LabelledRows(
        matrix=to_matrix(chunk.columns, schema),
        outcomes=np.array(chunk.outcomes, dtype=np.int8),
        representative=np.array(chunk.representative, dtype=np.bool_),
        labelled_by=chunk.labelled_by if any(chunk.labelled_by) else None,
        lines=np.array(chunk.lines, dtype=np.int64),
        bad=chunk.bad,
        unknown=chunk.unknown,
        lost=lost,
        lost_outcomes=np.array(chunk.lost_outcomes, dtype=np.int64),
    )


def join_rows(parts: Sequence[LabelledRows], schema: Schema) -> LabelledRows:
    """Parts of a table, one after the other, as one; none are no rows."""
    return LabelledRows(
        matrix=np.concatenate([_no_rows(schema), *(part.matrix for part in parts)]),
        outcomes=_joined(np.int8, [part.outcomes for part in parts]),
        representative=_joined(np.bool_, [part.representative for part in parts]),
        labelled_by=_joined_keys(parts),
        lines=_joined(np.int64, [part.lines for part in parts]),
        bad=[row for part in parts for row in part.bad],
        unknown=_joined_words(parts),
        lost=np.concatenate([_no_rows(schema), *(part.lost for part in parts)]),
        lost_outcomes=_joined(np.int64, [part.lost_outcomes for part in parts]),
    )


def _joined_keys(parts: Sequence[LabelledRows]) -> list[str] | None:
    if all(part.labelled_by is None for part in parts):
        return None
    return [key for part in parts for key in part.labelled_by or [VOUCHED] * len(part)]


def _joined_words(parts: Sequence[LabelledRows]) -> dict[str, Counter[str]]:
    unknown: dict[str, Counter[str]] = {}
    for part in parts:
        for name, words in part.unknown.items():
            unknown.setdefault(name, Counter()).update(words)
    return unknown


def _joined(kind: npt.DTypeLike, arrays: Sequence[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    return np.concatenate([np.empty(0, dtype=kind), *arrays])


def _no_rows(schema: Schema) -> Matrix:
    return np.empty((0, len(schema.features)), dtype=np.float32)
