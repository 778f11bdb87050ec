"""A labelled CSV as arrays, split into a training side and a holdout side."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from functions.core.base.errors import InvalidInput, LifeboatError
from functions.core.registry.manifest import Decision
from functions.core.schema.columns import Columns, Tensor
from functions.core.schema.passenger import FEATURES
from functions.core.schema.table import BadRow, read_passengers

HOLDOUT_SHARE = 0.2
MOST_BAD_ROWS = 0.05
REPORTED_BAD_ROWS = 100
FEWEST_TRAIN = 10
FEWEST_HOLDOUT = 2

Matrix = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


class RefusedDataset(LifeboatError):
    """The file cannot train a model. `bad_rows` holds the first hundred rows at fault."""

    def __init__(self, reason: str, *, rows: int = 0, rejected: int = 0, bad_rows: tuple[BadRow, ...] = ()):
        super().__init__(reason)
        self.rows, self.rejected, self.bad_rows = rows, rejected, bad_rows

    def decision(self) -> Decision:
        """The refusal as the gate would put it."""
        numbers = {"valid_rows": float(self.rows), "rejected_rows": float(self.rejected)}
        return Decision(promote=False, rule="unfit dataset", reason=str(self), numbers=numbers)

    def report(self, **source: object) -> bytes:
        """The refusal as JSON, for people: what was wrong, line by line."""
        body = {
            **source,
            "reason": str(self),
            "valid_rows": self.rows,
            "rejected_rows": self.rejected,
            "bad_rows": [asdict(row) for row in self.bad_rows],
        }
        return json.dumps(body, indent=2, default=str).encode()


@dataclass(frozen=True, slots=True)
class Dataset:
    """matrix: float32 [N, 8], a column per feature in the order of `FEATURES`, categories as their index,
    NaN for missing; survived: int64 [N]; representative: bool [N], the rows that may be measured by;
    fitted, holdout: bool [N], the two sides; lines: int64 [N], ascending, the line of the file on which
    each row begins; rejected: rows left out.

    A row that may not be measured by is not held out. One that its hash would hold out is not fitted on
    either, and so is on neither side: its twin may be held out, here or in another dataset.
    """

    matrix: Matrix
    survived: Labels
    representative: Mask
    fitted: Mask
    holdout: Mask
    lines: npt.NDArray[np.int64]
    rejected: int

    @property
    def train(self) -> tuple[Matrix, Labels]:
        return self.matrix[self.fitted], self.survived[self.fitted]

    def sample(self, most: int) -> npt.NDArray[np.intp]:
        """Up to `most` rows of the holdout, as indices: those whose hashes are smallest, the smallest first.

        So two datasets that share rows share the sampled ones.
        """
        rows = np.flatnonzero(self.holdout)
        return rows[np.argsort(_row_hashes(self.matrix[rows]), kind="stable")[:most]]

    @property
    def judged(self) -> tuple[Matrix, Labels]:
        return self.matrix[self.holdout], self.survived[self.holdout]


def load_dataset(path: Path) -> Dataset:
    """Read and check a labelled CSV. At its peak it takes about 90 bytes a row. Raises `RefusedDataset`."""
    matrices: list[Matrix] = []
    labels: list[Labels] = []
    marks: list[Mask] = []
    lines: list[npt.NDArray[np.int64]] = []
    bad: list[BadRow] = []
    rejected = 0
    try:
        with path.open("rb") as stream:
            for chunk in read_passengers(stream, labelled=True):
                matrices.append(to_matrix(chunk.columns))
                labels.append(np.array(chunk.survived, dtype=np.int64))
                marks.append(np.array(chunk.representative, dtype=np.bool_))
                lines.append(np.array(chunk.lines, dtype=np.int64))
                bad += chunk.bad[: REPORTED_BAD_ROWS - len(bad)]
                rejected += len(chunk.bad)
    except InvalidInput as error:
        raise RefusedDataset(str(error)) from error
    rows = sum(map(len, labels))
    refused = partial(RefusedDataset, rows=rows, rejected=rejected, bad_rows=tuple(bad))
    if not rows:
        raise refused("the file has no valid row")
    if rejected > MOST_BAD_ROWS * (rows + rejected):
        raise refused(f"{rejected} of {rows + rejected} rows are bad; at most {MOST_BAD_ROWS:.0%} may be")
    matrix, survived = np.concatenate(matrices), np.concatenate(labels)
    representative, held_out = np.concatenate(marks), holdout_rows(matrix)
    dataset = Dataset(
        matrix,
        survived,
        representative=representative,
        fitted=~held_out,
        holdout=held_out & representative,
        lines=np.concatenate(lines),
        rejected=rejected,
    )
    if len(np.unique(survived)) < 2:
        raise refused("every row has the same outcome; there is nothing to learn")
    for side, (_, outcomes), fewest in (
        ("training", dataset.train, FEWEST_TRAIN),
        ("holdout", dataset.judged, FEWEST_HOLDOUT),
    ):
        if min(np.bincount(outcomes, minlength=2)) < fewest:
            marked = "" if representative.all() else f"; {representative.sum()} of {rows} are representative"
            raise refused(f"too few rows: the {side} side has fewer than {fewest} of one outcome{marked}")
    return dataset


def file_sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def to_matrix(columns: Columns) -> Matrix:
    """float32 [N, 8] as in `Dataset.matrix`, from the graph's inputs."""
    matrix = np.empty((len(columns["sex"]), len(FEATURES)), dtype=np.float32)
    for at, (name, categories) in enumerate(FEATURES.items()):
        if categories is None:
            # Adding zero turns -0.0 into 0.0, so that equal rows have equal bytes.
            matrix[:, at] = columns[name][:, 0] + np.float32(0)
        else:
            codes: dict[str, float] = {category: code for code, category in enumerate(categories)}
            matrix[:, at] = [codes.get(value, np.nan) for value in columns[name][:, 0]]
    return matrix


def to_columns(matrix: Matrix) -> Columns:
    """The graph's inputs for the rows of `matrix`: one [N, 1] tensor per feature."""
    columns: dict[str, Tensor] = {}
    for at, (name, categories) in enumerate(FEATURES.items()):
        column = matrix[:, at : at + 1]
        if categories is None:
            columns[name] = np.ascontiguousarray(column)
        else:
            words = np.array([*categories, ""], dtype=object)
            columns[name] = words[np.nan_to_num(column, nan=len(categories)).astype(np.intp)]
    return columns


def holdout_rows(matrix: Matrix) -> Mask:
    """bool [N]: which rows stand on the holdout side.

    A row's side is a hash of its feature values and of nothing else. So it keeps its side in every
    dataset, equal rows are never on both sides, and a row labelled in production, which has no name,
    lands where its twin in the training data is.
    """
    return _row_hashes(matrix) < np.uint64(HOLDOUT_SHARE * 2**64)


def copies(matrix: Matrix) -> npt.NDArray[np.intp]:
    """intp [N]: a number for each row, from 0, the same for rows that have the same features."""
    return np.unique(_row_hashes(matrix), return_inverse=True)[1]


def _row_hashes(matrix: Matrix) -> npt.NDArray[np.uint64]:
    rows = np.ascontiguousarray(matrix, dtype="<f4")
    return np.fromiter(
        (int.from_bytes(hashlib.blake2b(row, digest_size=8).digest()) for row in _bytes(rows)),
        dtype=np.uint64,
        count=len(rows),
    )


def _bytes(rows: Matrix) -> Iterator[bytes]:
    for row in rows:
        yield row.tobytes()
