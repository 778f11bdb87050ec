"""Works on a job until it has ended, or until the time is up and another has to go on.

What is written comes first, then the record that makes it count: a part of the result, then that there is
one more; all parts, then that they are all; then the result appears at once. Whatever dies between two writes
leaves a record that says exactly how far it was, and the next one writes the same bytes again: what is
scored, and where the result is cut, follows from the record, the file and the version alone.
"""

import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BufferedReader
from typing import BinaryIO, cast

from functions.core.base.errors import (
    Conflict,
    InvalidInput,
    NoChampion,
    NotFound,
    StoreUnavailable,
    UnusableModel,
    UnusableRecord,
)
from functions.core.base.logs import log
from functions.core.schema.tables.parquet import is_parquet
from functions.core.schema.tables.table import CHUNK_ROWS
from functions.core.schema.text.dialect import Dialect
from functions.core.schema.text.row_cutting import PART_BYTES
from functions.core.scoring.table_scorer import TableScorer, open_plain
from functions.core.storage.contract import MAX_PARTS
from functions.core.storage.object_stream import BLOCK_BYTES
from functions.core.storage.view import ModelStore
from functions.scoring.input_stream import InputLost, InputStream
from functions.scoring.job import Columns, Input, Plan, Progress, StoredJob, read_job
from functions.scoring.loading import Loaded, Loader
from functions.scoring.places import result_key, tail_key
from functions.scoring.tables import BatchedTable, JobTable, Place, Surveyed, TextTable

BEAT_SECONDS = 10.0
"""The record changes at least so often while somebody works on a job."""
PATIENCE_SECONDS = 40.0
"""One that has not changed for so long belongs to somebody who died."""
RESERVE_SECONDS = 30.0
"""Of the time of an invocation, for what follows the last row."""
MAX_ATTEMPTS = 2
"""An event comes three times at most (template.yaml): the third says what became of the other two."""
MAX_EXPLAINED = 100_000
"""Rows of a file that can be explained: each takes thousands of rows of the graph."""

_PART_BYTES = 8 * 2**20
# Of the 10,000 parts that a result may have, those that it is planned with.
_PLANNED_PARTS = MAX_PARTS * 4 // 5
_ANSWER_BYTES = 80
_EXPLANATION_BYTES = 24
# Some dozen rows at once, so that an explained job says in time that it is alive.
_EXPLAINED_BYTES, _EXPLAINED_ROWS = 4_096, 32
# The columns of a Parquet file are read by turns, each a megabyte at a time: what was read of others is kept.
_COLUMN_BYTES, _COLUMN_BLOCKS = 2**20, 64


_FINAL = (InvalidInput, InputLost, NoChampion, NotFound, UnusableModel, UnusableRecord)
"""What will be the same however often it is tried."""


class Superseded(Exception):
    """Somebody else has the job, or it has ended: there is nothing left to do here."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Of what a job may be, and of how it is worked on; seconds and bytes.

    cut_bytes, cut_rows: of the text, or of a Parquet file, that are scored at once; the same all along a job.
    block_bytes: read at once.
    """

    beat: float = BEAT_SECONDS
    patience: float = PATIENCE_SECONDS
    reserve: float = RESERVE_SECONDS
    part_bytes: int = _PART_BYTES
    cut_bytes: int = PART_BYTES
    cut_rows: int = CHUNK_ROWS
    block_bytes: int = BLOCK_BYTES
    max_explained: int = MAX_EXPLAINED
    max_attempts: int = MAX_ATTEMPTS
    pause: Callable[[float], None] = field(default=time.sleep)


def work_on(
    store: ModelStore, id_: str, loader: Loader, *, seconds_left: Callable[[], float], limits: Limits
) -> StoredJob:
    """Go on with a job as far as the time allows, and return what is true of it then.

    It has ended, or is handed over (`running`, without a worker), or somebody else is at work on it. Raises
    `NotFound` for a job that there is not, and `StoreUnavailable`: it can be gone on with.
    """
    stored = read_job(store, id_)
    if stored.job.has_ended or stored.job.input is None:
        return stored
    try:
        stored = _claim(stored, limits)
        _Worker(stored, loader, seconds_left, limits).run()
    except Superseded:
        stored = read_job(store, id_)
        if stored.job.state == "cancelled":
            # Whoever cancelled it gave the upload up, but a part may have been on its way.
            give_up_upload(stored)
    return stored


def give_up_upload(stored: StoredJob) -> None:
    """Free what a job that has ended had written and nobody will see."""
    job, store = stored.job, stored.store
    if job.plan:
        store.abort_upload(result_key(job.id, job.key), job.plan.upload)
    if job.progress and job.progress.tail:
        store.delete(job.progress.tail)


def _claim(stored: StoredJob, limits: Limits) -> StoredJob:
    """Make the job one's own. Raises `Superseded` where somebody else is at work."""
    waited = 0.0
    while stored.job.worker is not None:
        if waited >= limits.patience:
            log("WARNING", "scoring goes on after somebody who died", job=stored.job.id, rows=_rows(stored))
            break
        limits.pause(min(1.0, limits.patience))
        waited += min(1.0, limits.patience)
        now = read_job(stored.store, stored.job.id)
        if now.etag != stored.etag:
            raise Superseded
    try:
        stored.save(worker=uuid.uuid4().hex, attempts=stored.job.attempts + 1, beat=stored.job.beat + 1)
    except Conflict:
        raise Superseded from None
    return stored


def _rows(stored: StoredJob) -> int:
    return stored.job.progress.rows if stored.job.progress else 0


class _Worker:
    """One invocation's work on a job that is its own."""

    def __init__(
        self, stored: StoredJob, loader: Loader, seconds_left: Callable[[], float], limits: Limits
    ) -> None:
        self._stored = stored
        self._loader = loader
        self._seconds_left = seconds_left
        self._limits = limits
        self._saved = self._counted = time.monotonic()

    def run(self) -> None:
        try:
            if self._stored.job.attempts > self._limits.max_attempts:
                raise InvalidInput(self._stuck())
            self._run()
        except _FINAL as error:
            self._save(state="failed", reason=str(error), ended_at=datetime.now(UTC), worker=None)
            give_up_upload(self._stored)
        except (StoreUnavailable, Conflict):
            # Whoever goes on need not wait to see whether anybody is still here.
            with suppress(StoreUnavailable, Superseded):
                self._save(worker=None)
            raise

    def _run(self) -> None:
        job, store = self._stored.job, self._stored.store
        if job.state == "completing":
            self._complete()
            return
        if job.version is None:
            version = self._loader.champion(store)
            self._save(version=version, state="running", started_at=datetime.now(UTC))
        loaded = self._loader.version(store, str(self._stored.job.version))
        if job.input is None:
            raise UnusableRecord(f"the record of the scoring job {job.id} lacks its file")
        table = self._open_table(job.input, loaded)
        if self._stored.job.plan is None:
            self._plan(table.survey(), loaded)
        if self._score(table, loaded):
            self._complete()

    def _open_table(self, input_: Input, loaded: Loaded) -> JobTable:
        """What the file is, whatever its name. Raises `InvalidInput`."""
        limits, explain = self._limits, self._stored.job.explain
        stream = self._open(input_, limits.block_bytes)
        # An explanation takes time: fewer rows at once, to be in time for the next beat.
        if is_parquet(stream):
            columns = self._open(input_, min(limits.block_bytes, _COLUMN_BYTES), kept=_COLUMN_BLOCKS)
            rows = _EXPLAINED_ROWS if explain else limits.cut_rows
            # Whoever reads Parquet takes fewer bytes than were asked for as the end of the file.
            return BatchedTable(cast(BinaryIO, BufferedReader(columns)), loaded.rows, rows=rows)
        size = _EXPLAINED_BYTES if explain else limits.cut_bytes
        return TextTable(open_plain(stream), loaded.rows, size=size)

    def _open(self, input_: Input, block: int, *, kept: int = 1) -> BinaryIO:
        job, store = self._stored.job, self._stored.store
        stream = InputStream(
            store,
            job.key,
            size=input_.size,
            etag=input_.etag,
            on_block=self._beat,
            block=block,
            kept=kept,
        )
        return cast(BinaryIO, stream)

    def _plan(self, survey: Surveyed, loaded: Loaded) -> None:
        """Decide how the file is scored. Raises `InvalidInput`."""
        job, report = self._stored.job, survey.report
        if job.explain and survey.lines > self._limits.max_explained:
            raise InvalidInput(
                f"the file has {survey.lines:,} lines, and {self._limits.max_explained:,} rows at most can "
                "be explained: have it scored without `explain`, or those rows alone"
            )
        plan = Plan(
            dialect=survey.dialect.as_json(),
            lines=survey.lines,
            columns=Columns(
                used=tuple(report.used),
                passed_over=report.passed_over,
                missing=report.missing,
                notes=report.notes,
            ),
            part_bytes=_part_bytes(
                survey, len(loaded.served.schema.names) if job.explain else 0, self._limits
            ),
            upload=self._stored.store.begin_upload(result_key(job.id, job.key)),
        )
        self._save(plan=plan, progress=Progress(begins=survey.dialect.begins, line=survey.dialect.line))

    def _score(self, table: JobTable, loaded: Loaded) -> bool:
        """Score what is left. Returns whether all of it was, or the time was up before."""
        job = self._stored.job
        plan, progress = job.planned
        dialect = Dialect.from_json(plan.dialect)
        explain = loaded.explainer() if job.explain else None
        scorer = TableScorer(loaded.scorer, loaded.rows, str(job.version), dialect, explain=explain)
        pending = self._pending(progress, scorer)
        for part, behind in table.parts(dialect, Place(progress.begins, progress.line)):
            scored = scorer.score(part)
            pending += scored.body
            progress = _behind(progress, behind, scored.rows, scored.bad)
            if len(pending) >= plan.part_bytes:
                progress = self._write(progress, bytes(pending))
                pending.clear()
            self._beat()
            if self._seconds_left() < self._limits.reserve:
                self._hand_over(progress, bytes(pending))
                return False
        if pending or not progress.parts:
            progress = self._write(progress, bytes(pending), state="completing")
        else:
            self._save(state="completing")
        return True

    def _pending(self, progress: Progress, table: TableScorer) -> bytearray:
        if progress.tail:
            return bytearray(self._stored.store.get(progress.tail).body)
        return bytearray(b"" if progress.parts or progress.rows else table.header())

    def _write(self, progress: Progress, body: bytes, **changes: object) -> Progress:
        """Write the next part of the result, then have it count."""
        job, store = self._stored.job, self._stored.store
        plan, _ = job.planned
        number = len(progress.parts) + 1
        etag = store.upload_part(result_key(job.id, job.key), plan.upload, number, body)
        tail = progress.tail
        progress = progress.model_copy(update={"parts": (*progress.parts, etag), "tail": None})
        self._save(progress=progress, attempts=0, **changes)
        if tail:
            store.delete(tail)
        return progress

    def _hand_over(self, progress: Progress, pending: bytes) -> None:
        """Leave the job to the next one, with all that was scored."""
        job, store = self._stored.job, self._stored.store
        before = progress.tail
        tail = None
        if pending:
            tail = tail_key(job.id, progress.rows)
            store.put(tail, pending)
        got_on = job.progress is None or progress.rows > job.progress.rows
        self._save(
            progress=progress.model_copy(update={"tail": tail}),
            worker=None,
            attempts=0 if got_on else job.attempts,
        )
        if before and before != tail:
            store.delete(before)

    def _complete(self) -> None:
        """Have the result appear, and then be said to be there."""
        job, store = self._stored.job, self._stored.store
        plan, progress = job.planned
        key = result_key(job.id, job.key)
        try:
            # Whoever died after it had appeared could not say so any more.
            store.head(key)
        except NotFound:
            store.complete_upload(key, plan.upload, progress.parts)
        self._save(state="done", ended_at=datetime.now(UTC), worker=None)

    def _beat(self) -> None:
        if time.monotonic() >= self._saved + self._limits.beat:
            self._save()

    def _save(self, **changes: object) -> None:
        """Raises `Superseded` where the job is no more one's own: somebody cancelled it, or took it over."""
        now = time.monotonic()
        seconds = self._stored.job.seconds + now - self._counted
        try:
            self._stored.save(beat=self._stored.job.beat + 1, seconds=seconds, **changes)
        except Conflict:
            raise Superseded from None
        self._saved = self._counted = now

    def _stuck(self) -> str:
        progress = self._stored.job.progress
        where = f"near line {progress.line:,}" if progress else "before the first row"
        return (
            f"{self._limits.max_attempts} attempts ended {where} without getting on: they took too much "
            "memory or time. Upload the file without gzip, or in parts"
        )


def _behind(progress: Progress, place: Place, rows: int, bad: int) -> Progress:
    return progress.model_copy(
        update={
            "begins": place.begins,
            "line": place.line,
            "rows": progress.rows + rows,
            "bad": progress.bad + bad,
        }
    )


def _part_bytes(survey: Surveyed, explained: int, limits: Limits) -> int:
    """How large the parts of the result have to be, so that they are not too many. explained: features."""
    most = survey.size + survey.lines * (_ANSWER_BYTES + _EXPLANATION_BYTES * explained)
    return max(limits.part_bytes, most // _PLANNED_PARTS)
