"""Dask's workers as those who score: parts go out, answers come back in order. Needs the group `scale`."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from functions.core.base.errors import LifeboatError
from functions.core.schema.parquet import Batch
from functions.core.schema.row_cutting import Part
from functions.core.scoring.table_scorer import ScoredPart
from training.cluster.connection import connect
from training.scoring.crew import Crew, Job, Worker, WorkerDied
from training.scoring.model import ScoringModel

# Parts for each thread of the cluster, those that wait at the workers included.
_PARTS = 3


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
        self._parts = _PARTS * sum(client.nthreads().values())

    def header(self, job: Job) -> bytes:
        return self._own.header(job)

    def score(self, job: Job, parts: Iterator[Part | Batch]) -> Iterator[ScoredPart]:
        # Of the same arguments, Dask would keep the answer: here, each part is scored once.
        submit = partial(self._client.submit, score_on_worker, self._model, job, pure=False)
        waiting: deque[Any] = deque()
        try:
            for part in parts:
                waiting.append(submit(part))
                if len(waiting) == self._parts:
                    yield _result(waiting.popleft())
            while waiting:
                yield _result(waiting.popleft())
        finally:
            self._client.cancel([*waiting])


def _result(future: Any) -> ScoredPart:
    try:
        scored: ScoredPart | LifeboatError = future.result()
    # What Dask raises for a worker that is gone, or cannot import this code, has no common base.
    except Exception as error:
        raise WorkerDied(
            f"the cluster gave a part up ({type(error).__name__}: {str(error)[:200]}); its workers need "
            "memory, and this code with its packages"
        ) from error
    if isinstance(scored, LifeboatError):
        raise scored
    return scored


_own = threading.local()


def score_on_worker(model: ScoringModel, job: Job, part: Part | Batch) -> ScoredPart | LifeboatError:
    """On a worker of the cluster, of which each thread keeps the model that it has loaded.

    What is wrong with a file is an answer, and no failure of the cluster's that it would log or try again.
    """
    if getattr(_own, "model", None) != model:
        _own.model, _own.worker = model, Worker(model)
    worker: Worker = _own.worker
    try:
        return worker.score_part(job, part)
    except LifeboatError as error:
        return error
