"""A labelled table as arrays, split into a training side and a holdout side."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from functions.core.base.errors import InvalidInput, LifeboatError
from functions.core.registry.manifest import Columns, Decision
from functions.core.schema.rows import RowReader
from functions.core.schema.schema import Schema
from functions.core.schema.tables.chunks import BadRow
from functions.core.schema.tables.header import ColumnsReport, listed
from functions.core.schema.tables.misfit import Misfit
from training.table.formats import files_of, open_any_table
from training.table.growing import Growing
from training.table.labelled_rows import LabelledRows, label_rows
from training.table.labellers import VOUCHED, Keys, notes_on, over_share
from training.table.matrix import Labels, Mask, Matrix, holdout_rows, row_hashes
from training.table.memory import available_memory
from training.table.report import MAX_REPORTED_ROWS, NO_COLUMNS, Report
from training.table.source import Source
from training.table.uneven_losses import MAX_BAD_ROWS, uneven_losses

MIN_TRAIN = 10
MIN_HOLDOUT = 2
_BLOCK = 1 << 20
# Of the rows that are vouched for, on either side (`training.table.labellers`).
MAX_KEY_SHARE = 0.2


class RefusedDataset(LifeboatError):
    """The file cannot train a model. `report` says what was read of it."""

    def __init__(self, reason: str, report: Report | None = None) -> None:
        super().__init__(reason)
        self.report = report or Report()

    def decision(self) -> Decision:
        """The refusal as the gate would put it."""
        numbers = {"valid_rows": float(self.report.rows), "rejected_rows": float(self.report.rejected)}
        return Decision(promote=False, rule="unfit dataset", reason=str(self), numbers=numbers)


@dataclass(frozen=True, slots=True)
class Dataset:
    """matrix: float32 [N, F] as in `training.table.matrix`, by `schema`; outcome: int64 [N], 1 for the
    positive value; representative: bool [N], the rows that may be measured by; fitted, holdout: bool [N], the
    two sides; lines: int64 [N], ascending, the line of the file on which each row begins; labelled_by: text
    [N], the key that a row was labelled with, "" for one that is vouched for (`training.table.labellers`).

    A row that may not be measured by is not held out. One that its hash would hold out is not fitted on
    either, and so is on neither side: its twin may be held out, here or in another dataset. What one key
    labelled beyond its share is on neither side, and not measured by.
    """

    schema: Schema
    matrix: Matrix
    outcome: Labels
    representative: Mask
    fitted: Mask
    holdout: Mask
    lines: npt.NDArray[np.int64]
    labelled_by: Keys
    report: Report

    @property
    def vouched(self) -> Mask:
        """bool [N]: the rows that somebody uploaded, or labelled with an admin key."""
        vouched: Mask = self.labelled_by == VOUCHED
        return vouched

    @property
    def rejected(self) -> int:
        return self.report.rejected

    @property
    def train(self) -> tuple[Matrix, Labels]:
        return self.matrix[self.fitted], self.outcome[self.fitted]

    @property
    def judged(self) -> tuple[Matrix, Labels]:
        return self.matrix[self.holdout], self.outcome[self.holdout]

    def sample(self, most: int) -> npt.NDArray[np.intp]:
        """Up to `most` rows of the holdout, as indices: those whose hashes are smallest, the smallest first.

        So two datasets that share rows share the sampled ones.
        """
        rows = np.flatnonzero(self.holdout)
        return rows[np.argsort(row_hashes(self.matrix[rows]), kind="stable")[:most]]


def load_dataset(
    source: Source, schema: Schema, *, notes: Sequence[str] = (), max_key_share: float = MAX_KEY_SHARE
) -> Dataset:
    """Read and check a labelled table. notes: what is to be said of its schema; max_key_share: how many rows
    of one key count, as in `training.table.labellers`. Raises `RefusedDataset`.
    """
    read, memory = DatasetSoFar(schema, notes, max_key_share), available_memory()
    with read.refusing():
        for name, file in files_of(source).items():
            read.begin_file(name)
            with file.open("rb") as stream:
                table = open_any_table(stream, RowReader(schema))
                read.set_columns(table.columns_report)
                for chunk in table:
                    read.add(label_rows(chunk, schema))
                    read.refuse_many_rows(memory.most_rows(len(schema.features)), str(memory), memory.cure)
    return read.dataset()


class DatasetSoFar:
    """What was read of a table so far, file by file and in order. notes, max_key_share: as of
    `load_dataset`."""

    def __init__(self, schema: Schema, notes: Sequence[str], max_key_share: float) -> None:
        self._schema = schema
        self.notes = [*notes]
        self._max_key_share = max_key_share
        self.rejected = self._rows = 0
        self._columns = NO_COLUMNS
        self._columns_report: ColumnsReport | None = None
        self._misfit = Misfit()
        # Lines of several files are numbered through: those before the file that is read, and the last one.
        self._file, self._offset, self._last_line = "", 0, 0
        self._matrix, self._outcomes = Growing(np.float32), Growing(np.int8)
        self._marks, self._lines = Growing(np.bool_), Growing(np.int64)
        # By rows that are vouched for, most files are without any other.
        self._keys: Growing | None = None
        self._bad: list[BadRow] = []
        self._lost: list[tuple[Matrix, Labels]] = []

    def begin_file(self, name: str) -> None:
        """Go on with another file; its name is "" where it is the only one."""
        self._file, self._offset = name, self._last_line
        if name:
            self.notes.append(f"the first line of the file {name} is number {self._offset + 1:,}")

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """Raise what is wrong with the file that is read as `RefusedDataset`, with what was read until
        then."""
        try:
            yield
        except InvalidInput as error:
            raise RefusedDataset(self._in_file(str(error)), self.report()) from error

    def _in_file(self, sentence: str) -> str:
        """A sentence on the file that is read."""
        return f"{self._file}: {sentence}" if self._file else sentence

    def set_columns(self, report: ColumnsReport) -> None:
        """Take what became of a file's columns. Raises `InvalidInput` where another file had others."""
        before, self._columns_report = self._columns_report, report
        if before is not None:
            used, others = {*report.used.values()}, {*before.used.values()}
            if used != others:
                raise InvalidInput(
                    f"its columns are not those of the files before it: {listed(sorted(used ^ others))} "
                    "are in the one and not in the others"
                )
            self.notes += [self._in_file(note) for note in report.notes]
            return
        self._columns = Columns(
            used=list(report.used), passed_over=list(report.passed_over), missing=list(report.missing)
        )
        self.notes += report.notes

    def add(self, rows: LabelledRows) -> None:
        """Take the rows that follow in the file."""
        self._misfit.add(len(rows), rows.bad, rows.unknown)
        self._add_keys(rows.labelled_by, len(rows))
        self._matrix.add(rows.matrix)
        self._outcomes.add(rows.outcomes)
        self._marks.add(rows.representative)
        self._lines.add(rows.lines + self._offset)
        bad = rows.bad[: MAX_REPORTED_ROWS - len(self._bad)]
        self._bad += [replace(row, line=row.line + self._offset) for row in bad] if self._offset else bad
        ends = [*rows.lines[-1:].tolist(), *(row.line for row in rows.bad[-1:])]
        self._last_line = max([self._last_line, *(self._offset + line for line in ends)])
        self.rejected += len(rows.bad)
        self._rows += len(rows)
        if len(rows.lost_outcomes):
            self._lost.append((rows.lost, rows.lost_outcomes))

    def _add_keys(self, keys: Sequence[str] | None, rows: int) -> None:
        if self._keys is None and keys is not None:
            self._keys = Growing(np.object_)
            self._keys.add([VOUCHED] * len(self._lines))
        if self._keys is not None:
            self._keys.add([VOUCHED] * rows if keys is None else keys)

    def refuse_many_rows(self, most: int, memory: str, cure: str) -> None:
        """Raise `RefusedDataset` when more than `most` rows were read, for which there is no memory.

        Bad rows count as well: some of what is known of them is kept until the end.
        """
        if self._rows + self.rejected > most:
            raise RefusedDataset(
                f"the file has more than {most:,} rows, which is what can be trained on, of "
                f"{len(self._schema.features)} features, with {memory}; {cure}, or upload fewer rows",
                self.report(),
            )

    def report(self) -> Report:
        return Report(self._rows, self.rejected, self._columns, tuple(self.notes), tuple(self._bad))

    def dataset(self) -> Dataset:
        """The rows of a table that was read to its end. Raises `RefusedDataset` when too many were bad, or
        too few are left to learn or to judge by."""
        if self._columns_report is not None:
            # What changed in the files since the schema was written.
            self.notes += self._misfit.sentences(self._schema, self._columns_report)
        self._refuse_bad_rows()
        matrix, outcome = self._matrix.take(np.float32), self._outcomes.take(np.int64)
        if self._lost:
            lost_rows, lost_outcomes = (np.concatenate(parts) for parts in zip(*self._lost, strict=True))
            self.notes += uneven_losses(self._schema, (matrix, outcome), (lost_rows, lost_outcomes))
        representative, held_out = self._marks.take(np.bool_), holdout_rows(matrix)
        labelled_by: Keys = np.broadcast_to(np.array(VOUCHED, dtype=np.object_), len(outcome))
        if self._keys is not None:
            labelled_by = self._keys.take(np.object_)
        over = over_share(labelled_by, [~held_out, held_out & representative], self._max_key_share)
        self.notes += notes_on(labelled_by, over, self._max_key_share)
        representative &= ~over
        dataset = Dataset(
            schema=self._schema,
            matrix=matrix,
            outcome=outcome,
            representative=representative,
            fitted=~held_out & ~over,
            holdout=held_out & representative,
            lines=self._lines.take(np.int64),
            labelled_by=labelled_by,
            report=self.report(),
        )
        _refuse_few_rows(dataset)
        return dataset

    def _refuse_bad_rows(self) -> None:
        report = self.report()
        if not report.rows:
            raise RefusedDataset("the file has no valid row", report)
        rows = report.rows + report.rejected
        if report.rejected > MAX_BAD_ROWS * rows:
            reason = f"{report.rejected} of {rows} rows are bad; at most {MAX_BAD_ROWS:.0%} may be"
            raise RefusedDataset(reason, report)


def _refuse_few_rows(dataset: Dataset) -> None:
    """Raise `RefusedDataset` when there is nothing to learn, or too little to learn or to judge by."""
    report, rows = dataset.report, len(dataset.outcome)
    if len(np.unique(dataset.outcome)) < 2:
        answer = json.dumps(dataset.schema.target.answers[dataset.outcome[0]], ensure_ascii=False)
        outcome = f"{dataset.schema.target.name} {answer}"
        reason = f"every row has the same outcome, {outcome}: there is nothing to learn"
        raise RefusedDataset(reason, report)
    for side, mask, least in (
        ("training", dataset.fitted, MIN_TRAIN),
        ("holdout", dataset.holdout, MIN_HOLDOUT),
    ):
        if min(np.bincount(dataset.outcome[mask], minlength=2)) < least:
            marks = dataset.representative
            marked = "" if marks.all() else f"; {marks.sum()} of {rows} are representative"
            reason = f"too few rows: the {side} side has fewer than {least} of one outcome{marked}"
            raise RefusedDataset(reason, report)


def file_sha256(source: Source) -> str:
    """The SHA-256 of a file; of several ones, that of the lines of theirs, in order."""
    digests = [_sha256(file) for file in files_of(source).values()]
    if len(digests) == 1:
        return digests[0]
    return hashlib.sha256("".join(f"{digest}\n" for digest in digests).encode()).hexdigest()


def _sha256(file: Source) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
