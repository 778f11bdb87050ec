"""What the command line takes to train on a cluster."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from functions.core.base.errors import InvalidInput
from training.cluster.connection import connect
from training.table.parallel import cores

# scikit-learn takes seconds to import.
if TYPE_CHECKING:
    from training.model.engine import Engine
    from training.model.evaluation import Progress

ONE_WORKER_ROWS = 200_000
"""Rows of the training side up to which one worker fits scikit-learn's models on all of them."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add them to those of the command."""
    parser.add_argument(
        "--cluster",
        metavar="ADDRESS",
        help="train on Dask: `local` for --workers of its processes here, or a scheduler's tcp://host:port",
    )
    parser.add_argument(
        "--workers", type=int, metavar="N", help="with --cluster local: how many; if not given, one a core"
    )
    parser.add_argument(
        "--one-worker-rows",
        type=int,
        metavar="N",
        help="with --cluster: up to so many rows of the training side, scikit-learn's models are compared as "
        "well, which one worker fits; beyond, LightGBM's alone, which all workers fit together; if not "
        f"given, {ONE_WORKER_ROWS:,}",
    )


@contextmanager
def chosen_engine(options: argparse.Namespace, progress: "Progress") -> "Iterator[Engine]":
    """The cluster that was asked for, or else this machine. Raises `InvalidInput`."""
    if options.cluster is None:
        from training.model.engine import ThisMachine

        for name in ("workers", "one_worker_rows"):
            if getattr(options, name) is not None:
                raise InvalidInput(
                    f"--{name.replace('_', '-')} says something of a cluster: give --cluster too"
                )
        yield ThisMachine()
        return
    from training.cluster.engine import Cluster

    workers = cores() if options.workers is None else options.workers
    most = ONE_WORKER_ROWS if options.one_worker_rows is None else options.one_worker_rows
    with connect(options.cluster, workers) as client:
        yield Cluster(client, progress, one_worker_rows=most)
