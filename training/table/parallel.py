"""What several cores do at once, where that changes no bit of what comes out."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from threadpoolctl import threadpool_limits

CHUNK = 100_000
"""Rows that are handled together: a row's strings take ten times the room of its numbers."""
MIN_THREADED_ROWS = 100_000
"""Of fewer rows, threads take longer to wait for one another than they save."""

T = TypeVar("T")


def allowed_cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def cores() -> int:
    """The same for threads; OMP_NUM_THREADS where that says fewer."""
    allowed, threads = allowed_cores(), os.environ.get("OMP_NUM_THREADS", "")
    return min(allowed, int(threads)) if threads.isdecimal() and int(threads) else allowed


@contextmanager
def limited_threads(rows: int) -> Iterator[None]:
    """Within it, libraries compute on rows with as many threads as leave the result the same to the bit.

    Sums of BLAS in another order would change the last bit of a weight, and with it the model's bytes: there,
    one thread. Those of histogram boosting, by OpenMP, are made by one thread for each feature, and its rows
    stay in order whatever the number of threads.
    """
    with threadpool_limits(1, user_api=None if rows < MIN_THREADED_ROWS else "blas"):
        yield


def map_chunks(function: Callable[[slice], T], rows: int) -> list[T]:
    """What `function` returns for each chunk of rows, in their order; computed on all cores."""
    chunks = [slice(start, start + CHUNK) for start in range(0, rows, CHUNK)]
    if len(chunks) < 2 or cores() == 1:
        return [*map(function, chunks)]
    # Graphs are run, and trees are gone through, without the lock of the interpreter.
    with ThreadPoolExecutor(min(cores(), len(chunks))) as pool:
        return [*pool.map(function, chunks)]
