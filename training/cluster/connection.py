"""Dask's workers, here or elsewhere, and what they answer."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from functions.core.base.errors import InvalidInput, LifeboatError

LOCAL = "local"
HOW_TO_GET = (
    "Dask is not installed here: `make scale` installs it; without --cluster, this machine works alone"
)

_CONNECT_SECONDS = 15
# How often it is seen whether all workers are still there.
_POLL_SECONDS = 1.0
# Dask's workers look at themselves a hundred times a second, for pages that nobody opens here. All that takes
# a tenth of their processor.
_QUIET = {
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.system-monitor.interval": "5s",
}


class WorkerLost(LifeboatError):
    """A worker of the cluster is gone, or did not do what it was asked for."""


@contextmanager
def connect(address: str, workers: int) -> Iterator[Any]:
    """A client of the scheduler at tcp://host:port; or of so many processes of this machine, for "local".

    Workers elsewhere need this code and its packages. Raises `InvalidInput` where there is no Dask, or no
    scheduler with workers.
    """
    if workers < 1:
        raise InvalidInput(f"--workers has to be at least 1, got {workers}")
    try:
        import dask
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise InvalidInput(HOW_TO_GET) from error
    if address == LOCAL:
        # By default its pages are at one port of all addresses of this machine, which may be taken.
        pages = "127.0.0.1:0"
        with (
            dask.config.set(_QUIET),
            LocalCluster(
                n_workers=workers, threads_per_worker=1, dashboard_address=pages, host="127.0.0.1"
            ) as cluster,
            Client(cluster) as client,
        ):
            yield client
        return
    try:
        client = Client(address, timeout=_CONNECT_SECONDS)
    except (OSError, ValueError) as error:
        raise InvalidInput(f"no Dask scheduler answers at {address}: {error}") from error
    with client:
        if not client.nthreads():
            raise InvalidInput(f"the Dask scheduler at {address} has no worker")
        yield client


def submit(client: Any, worker: str | None, function: Any, *arguments: Any) -> Any:
    """A task for this worker alone, or for any; of the same arguments, it is done again."""
    return client.submit(function, *arguments, workers=worker and [worker], pure=False, retries=0)


def results_of(client: Any, futures: Sequence[Any], workers: Sequence[str]) -> Iterator[Any]:
    """What these futures come to, in their order, while all of `workers`, by address, are there.

    Raises `WorkerLost` as soon as one is not, or a future failed; what was an error of ours on the worker is
    raised as it was.
    """
    from distributed import TimeoutError as NotYet
    from distributed import wait

    for future in futures:
        while not future.done():
            try:
                wait([future], timeout=_POLL_SECONDS)
            except NotYet:
                _check_workers(client, workers, futures)
        yield _result(future)


def _check_workers(client: Any, workers: Sequence[str], futures: Sequence[Any]) -> None:
    present = client.nthreads()
    if lost := [worker for worker in workers if worker not in present]:
        raise WorkerLost(
            f"{len(lost)} of {len(workers)} workers of the cluster are gone ({lost[0]}); if they had too "
            "little memory, take more workers, or give them more"
        )
    # What comes later in order may have failed already.
    for future in futures:
        if future.status == "error":
            _result(future)


def _result(future: Any) -> Any:
    try:
        result = future.result()
    # What Dask raises for a worker that is gone, or cannot import this code, has no common base.
    except Exception as error:
        raise WorkerLost(
            f"the cluster gave its work up ({type(error).__name__}: {str(error)[:200]}); its workers need "
            "memory, and this code with its packages"
        ) from error
    if isinstance(result, LifeboatError):
        raise result
    return result
