"""Who scores the parts of a table: this process or several. The bytes are the same."""

import gzip
import multiprocessing
import signal
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from functions.core.base.errors import LifeboatError
from functions.core.schema.tables.parquet import Batch
from functions.core.schema.text.dialect import Dialect
from functions.core.schema.text.row_cutting import Part
from functions.core.scoring.scorer import Scorer
from functions.core.scoring.table_scorer import ScoredPart, TableScorer
from training.scoring.located import LocatedPart, PartReader, locate
from training.scoring.model import ScoringModel

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

_GONE = "a process that scored is gone; if the machine has too little memory, score with fewer (--workers 1)"


class WorkerDied(LifeboatError):
    """A process that scored is gone, as when the machine has no memory left."""


@dataclass(frozen=True, slots=True)
class Job:
    """What is the same for all parts of a file.

    is_packed: the answer is to be in gzip. file: from which parts are cut as they stand there; None where
    they are not, as of a file in gzip. size: of this file, in bytes. folder: where the answers are to be;
    None for that of the process.
    """

    dialect: Dialect
    is_packed: bool
    file: Path | None = None
    size: int = 0
    folder: Path | None = None


Task = Part | Batch | LocatedPart
"""What a worker is given to score."""


def name_part(job: Job, part: Part | Batch) -> Task:
    """The part as it is sent to another process: by its place in the file, where it has one."""
    return locate(part) if job.file is not None and isinstance(part, Part) else part


class Crew(Protocol):
    """Scores parts."""

    def header(self, job: Job) -> bytes:
        """What stands before the first part."""
        ...

    def score(self, job: Job, parts: Iterator[Part | Batch]) -> Iterator[ScoredPart]:
        """The parts of one file, in order, however many are worked on at once. Raises `InvalidInput`."""
        ...


class Worker:
    """Scores parts in its own process, of one file after the other."""

    def __init__(self, model: ScoringModel) -> None:
        self._reader, self._version = model.reader(), model.version
        self._scorer: Scorer = model.scorer()
        self._explain = model.explainer(self._scorer)
        self._job: Job | None = None
        self._table: TableScorer | None = None
        self._parts = PartReader()

    def header(self, job: Job) -> bytes:
        return _packed(job, self._of(job).header())

    def score(self, job: Job, parts: Iterator[Part | Batch]) -> Iterator[ScoredPart]:
        return (self.score_part(job, part) for part in parts)

    def score_part(self, job: Job, part: Task) -> ScoredPart:
        if isinstance(part, LocatedPart):
            if job.file is None:
                raise ValueError("a part is named by its place, and the job names no file")
            part = self._parts.read(job.file, part)
        scored = self._of(job).score(part)
        return replace(scored, body=_packed(job, scored.body))

    def _of(self, job: Job) -> TableScorer:
        if self._table is None or self._job != job:
            self._job = job
            self._table = TableScorer(
                self._scorer, self._reader, self._version, job.dialect, explain=self._explain
            )
        return self._table


def _packed(job: Job, body: bytes) -> bytes:
    # Members of gzip one after the other are one file: so each worker packs what it has scored.
    return gzip.compress(body, compresslevel=6, mtime=0) if job.is_packed else body


@contextmanager
def local_crew(model: ScoringModel, workers: int) -> Iterator[Crew]:
    """So many processes of this machine; for one, this process itself. Raises `UnusableModel`."""
    own = Worker(model)
    if workers == 1:
        yield own
        return
    # Not forked: onnxruntime and numpy have threads, and a lock that one of them holds would never be freed.
    context = multiprocessing.get_context("spawn")
    processes, connections = [], []
    try:
        for _ in range(workers):
            connection, theirs = context.Pipe()
            process = context.Process(target=_work, args=(theirs, model), daemon=True)
            process.start()
            # Now a process that is gone is the end of its connection.
            theirs.close()
            processes.append(process)
            connections.append(connection)
        yield Processes(own, connections)
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.join()


class Processes:
    """Workers at the other ends of connections, each at one part at a time. own: that of this process."""

    def __init__(self, own: Worker, connections: "Sequence[Connection]") -> None:
        self._own, self._connections = own, connections

    def header(self, job: Job) -> bytes:
        return self._own.header(job)

    def score(self, job: Job, parts: Iterator[Part | Batch]) -> Iterator[ScoredPart]:
        idle, busy = deque(self._connections), deque["Connection"]()
        try:
            for part in parts:
                # By turns, so that the one that has its part the longest is the one whose answer is next. It
                # is not among the busy ones any more: an answer that is an error is its answer, too.
                is_idle = bool(idle)
                connection = idle.popleft() if is_idle else busy.popleft()
                scored = None if is_idle else _receive(connection)
                _send(connection, (job, name_part(job, part)))
                busy.append(connection)
                if scored is not None:
                    yield scored
            while busy:
                yield _receive(busy.popleft())
        finally:
            # What is not asked for any more must not be taken for an answer of the next file.
            for connection in busy:
                with suppress(LifeboatError):
                    _receive(connection)


def _send(connection: "Connection", task: tuple[Job, Task]) -> None:
    try:
        connection.send(task)
    except OSError as error:
        raise WorkerDied(_GONE) from error


def _receive(connection: "Connection") -> ScoredPart:
    try:
        answer = connection.recv()
    except (EOFError, OSError) as error:
        raise WorkerDied(_GONE) from error
    if isinstance(answer, LifeboatError):
        raise answer
    assert isinstance(answer, ScoredPart)  # noqa: S101 # nothing else is sent
    return answer


def _work(connection: "Connection", model: ScoringModel) -> None:
    """All that a process does: it ends with the one that started it, at the end of the connection."""
    # Ctrl-C reaches all processes of a terminal: the first one ends the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    worker = Worker(model)
    with suppress(EOFError, OSError):
        while True:
            job, part = connection.recv()
            try:
                answer: object = worker.score_part(job, part)
            except LifeboatError as error:
                answer = error
            connection.send(answer)
