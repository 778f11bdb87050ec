"""Rows as a matrix of numbers, which estimators are fitted on, and the side on which each row stands."""

import hashlib
import json
from functools import partial

import numpy as np
import numpy.typing as npt

from functions.core.schema.columns import Columns, Tensor, rows_of
from functions.core.schema.schema import Field, Schema

HOLDOUT_SHARE = 0.2
# Rows that are hashed together: as objects of Python, digests take five times the memory that they need.
_HASHED = 100_000

Matrix = npt.NDArray[np.float32]
"""float32 [N, F], a column per feature in the order of the schema: numbers as they are, true as 1, a category
of a text as its index among the categories; NaN for missing."""

Labels = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


def to_matrix(columns: Columns, schema: Schema) -> Matrix:
    """The matrix of rows that are tensors; a word that is none of the categories is missing."""
    matrix = np.empty((rows_of(columns), len(schema.features)), dtype=np.float32)
    for index, field in enumerate(schema.features):
        column = columns[field.name][:, 0]
        if field.words is None:
            # Adding zero turns -0.0 into 0.0, so that equal rows have equal bytes.
            matrix[:, index] = column + np.float32(0)
        else:
            codes: dict[str, float] = {word: code for code, word in enumerate(field.words)}
            matrix[:, index] = [codes.get(word, np.nan) for word in column]
    return matrix


def to_columns(matrix: Matrix, schema: Schema) -> Columns:
    """The graph's inputs for the rows of `matrix`: one [N, 1] tensor per feature."""
    columns: dict[str, Tensor] = {}
    for index, field in enumerate(schema.features):
        column = matrix[:, index : index + 1]
        if field.words is None:
            columns[field.name] = np.ascontiguousarray(column)
        else:
            words = np.array([*field.words, ""], dtype=object)
            columns[field.name] = words[np.nan_to_num(column, nan=len(field.words)).astype(np.intp)]
    return columns


def field_values(field: Field) -> list[tuple[str, float]]:
    """The values of a field that has few, as they are called, each with the number that stands for it."""
    if field.words is not None:
        return [(word, float(code)) for code, word in enumerate(field.words)]
    if field.type == "boolean":
        return [("false", 0.0), ("true", 1.0)]
    return [(json.dumps(value), float(value)) for value in field.categories or ()]


def translate(matrix: Matrix, schema: Schema, to: Schema) -> Matrix:
    """The same rows as a matrix of another schema: features by name, categories by word.

    What the rows do not have, or is no category there, is missing.
    """
    translated = np.full((len(matrix), len(to.features)), np.nan, dtype=np.float32)
    for index, field in enumerate(to.features):
        if field.name not in schema.names:
            continue
        words = schema.feature(field.name).words
        column = matrix[:, schema.names.index(field.name)]
        if words is None and field.words is None:
            translated[:, index] = column
        elif words is not None and field.words is not None:
            codes = {word: code for code, word in enumerate(field.words)}
            table = np.array([*(codes.get(word, np.nan) for word in words), np.nan], dtype=np.float32)
            translated[:, index] = table[np.nan_to_num(column, nan=len(words)).astype(np.intp)]
    return translated


def holdout_rows(matrix: Matrix) -> Mask:
    """bool [N]: which rows stand on the holdout side.

    A row's side is a hash of its feature values and of nothing else. So it keeps its side in every dataset of
    the same features, equal rows are never on both sides, and a row labelled in production, which has no
    name, lands where its twin in the training data is.
    """
    return row_hashes(matrix) < np.uint64(HOLDOUT_SHARE * 2**64)


def copies(matrix: Matrix) -> npt.NDArray[np.intp]:
    """intp [N]: a number for each row, from 0, the same for rows that have the same features."""
    return np.unique(row_hashes(matrix), return_inverse=True)[1]


def round_down(exact: npt.NDArray[np.float64]) -> Matrix:
    """The largest float32 that is not above each number: whatever float32 is at most the one is at most the
    other."""
    # What is beyond all that float32 holds becomes the largest one.
    with np.errstate(over="ignore"):
        nearest = exact.astype(np.float32)
    return np.where(nearest > exact, np.nextafter(nearest, np.float32(-np.inf)), nearest)


def row_hashes(matrix: Matrix) -> npt.NDArray[np.uint64]:
    """uint64 [N]: a hash of each row's values, the same on every machine: the first 8 bytes of BLAKE2b."""
    hashes = np.empty(len(matrix), dtype=np.uint64)
    width = 4 * matrix.shape[1]
    # BLAKE2b in numpy, for all rows at once, takes some 2,000 operations on 64 bits a row: no less than this.
    blake2b = partial(hashlib.blake2b, digest_size=8)
    for start in range(0, len(matrix), _HASHED):
        rows = matrix[start : start + _HASHED].astype("<f4").tobytes()
        ends = range(width, len(rows) + 1, width)
        digests = b"".join([blake2b(rows[end - width : end]).digest() for end in ends])
        hashes[start : start + _HASHED] = np.frombuffer(digests, dtype=">u8")
    return hashes
