"""Dask's workers as those who score: places of parts go out, answers come back in order. Needs the group
`scale`.
"""

import os
import sys
import tempfile
import threading
import uuid
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from functions.core.base.errors import LifeboatError
from functions.core.schema.tables.parquet import Batch
from functions.core.schema.text.row_cutting import Part
from functions.core.scoring.table_scorer import ScoredPart
from training.cluster.allocation import keep_freed_memory
from training.cluster.connection import connect
from training.scoring.crew import Crew, Job, Task, Worker, WorkerDied, name_part
from training.scoring.located import has_file
from training.scoring.model import ScoringModel

# For each thread of the cluster, those that wait at the workers included.
_TASKS = 3
# A task takes the scheduler and a worker some ten milliseconds of the processor, a part a hundred.
_PARTS = 4
_TOKEN_BYTES = 64


@contextmanager
def cluster_crew(model: ScoringModel, address: str, workers: int) -> Iterator[Crew]:
    """The workers of a scheduler at tcp://host:port; or so many processes of this machine, for "local".

    Raises `InvalidInput` where there is no Dask, or no scheduler with workers; `UnusableModel`.
    """
    own = Worker(model)
    with connect(address, workers) as client:
        yield Cluster(own, client, model)


class Cluster:
    """own: the worker of this process."""

    def __init__(self, own: Worker, client: Any, model: ScoringModel) -> None:
        self._own, self._client = own, client
        # Once to each worker, and not with each part.
        self._model = client.scatter(model, broadcast=True)
        self._tasks = _TASKS * sum(client.nthreads().values())

    def header(self, job: Job) -> bytes:
        return self._own.header(job)

    def score(self, job: Job, parts: Iterator[Part | Batch]) -> Iterator[ScoredPart]:
        with _folder_beside(job) as folder:
            shared = self._shared(job, folder)
            # Of the same arguments, Dask would keep the answer: here, each part is scored once.
            submit = partial(
                self._client.submit, score_on_worker, self._model, shared.job, shared.folder, pure=False
            )
            waiting: deque[Any] = deque()
            try:
                while some := [name_part(shared.job, part) for part in islice(parts, _PARTS)]:
                    waiting.append(submit(some))
                    if len(waiting) == self._tasks:
                        yield _result(waiting.popleft())
                while waiting:
                    yield _result(waiting.popleft())
            finally:
                self._client.cancel([*waiting])

    def _shared(self, job: Job, folder: Path) -> "_Shared":
        """What the workers share with this process: the job, without its file where one of them does not find
        it, and the folder where they leave their answers; None where one does not find that.
        """
        token = folder / "token"
        token.write_bytes(os.urandom(_TOKEN_BYTES))
        seen = self._client.run(_find_files, job.file, job.size, token)
        if lost := sorted(worker for worker, (has_rows, _) in seen.items() if not has_rows):
            print(
                f"note: {len(lost)} of {len(seen)} workers do not find {job.file} ({lost[0]}): its parts are "
                "sent to them",
                file=sys.stderr,
            )
            job = replace(job, file=None)
        return _Shared(job, folder if all(has_folder for _, has_folder in seen.values()) else None)


@dataclass(frozen=True, slots=True)
class _Shared:
    job: Job
    folder: Path | None


@contextmanager
def _folder_beside(job: Job) -> Iterator[Path]:
    """A folder beside the answers, for the time of a job."""
    with tempfile.TemporaryDirectory(prefix=".", suffix=".partial", dir=job.folder) as folder:
        yield Path(folder)


def _find_files(file: Path | None, size: int, token: Path) -> tuple[bool, bool]:
    """Whether a worker finds the rows, and the folder of the answers, by the same paths."""
    return file is None or has_file(file, size), has_file(token, _TOKEN_BYTES)


def _result(future: Any) -> ScoredPart:
    try:
        scored: LeftPart | ScoredPart | LifeboatError = future.result()
    # What Dask raises for a worker that is gone, or cannot import this code, has no common base.
    except Exception as error:
        raise WorkerDied(
            f"the cluster gave a part up ({type(error).__name__}: {str(error)[:200]}); its workers need "
            "memory, and this code with its packages"
        ) from error
    if isinstance(scored, LifeboatError):
        raise scored
    if isinstance(scored, LeftPart):
        body = scored.answer.read_bytes()
        scored.answer.unlink()
        return ScoredPart(body, scored.rows, scored.bad)
    return scored


@dataclass(frozen=True, slots=True)
class LeftPart:
    """A `ScoredPart` whose body was left in a file."""

    answer: Path
    rows: int
    bad: int


_own = threading.local()


def score_on_worker(
    model: ScoringModel, job: Job, folder: Path | None, parts: Sequence[Task]
) -> LeftPart | ScoredPart | LifeboatError:
    """On a worker of the cluster, of which each thread keeps the model that it has loaded: parts that follow
    one another, as one.

    folder: where to leave the answer, so that it does not go through the scheduler; None to send it. What is
    wrong with a file is an answer, and no failure of the cluster's that it would log or try again.
    """
    keep_freed_memory()
    if getattr(_own, "model", None) != model:
        _own.model, _own.worker = model, Worker(model)
    worker: Worker = _own.worker
    try:
        scored = [worker.score_part(job, part) for part in parts]
    except LifeboatError as error:
        return error
    rows, bad = sum(part.rows for part in scored), sum(part.bad for part in scored)
    body = b"".join(part.body for part in scored)
    if folder is None:
        return ScoredPart(body, rows, bad)
    # Of a worker that only seems to be gone, Dask has another one do the same again.
    answer = folder / uuid.uuid4().hex
    answer.write_bytes(body)
    return LeftPart(answer, rows, bad)
