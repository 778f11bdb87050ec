"""A scheduler of Dask and its workers, as people start them: processes of their own, on 127.0.0.1."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from distributed import Client

from tests.support.declared import ROOT

_SECONDS = 120


@contextmanager
def scheduler(folder: Path, workers: list[Path]) -> Iterator[str]:
    """Its address, once each worker is there. workers: for each, the folder that it works in."""
    said = folder / "scheduler.json"
    here = ["--host", "127.0.0.1", "--no-dashboard", "--scheduler-file", str(said)]
    with ExitStack() as stack:
        _start(stack, folder, "scheduler", "--port", "0", *here)
        _wait(said)
        for number, place in enumerate(workers):
            # Without a nanny: a process that is ended leaves none behind.
            options = [
                "--no-nanny",
                "--nthreads",
                "1",
                "--local-directory",
                str(folder),
                "--name",
                str(number),
            ]
            _start(stack, place, "worker", *options, *here)
        address: str = json.loads(said.read_text())["address"]
        with Client(address, timeout=_SECONDS) as client:
            client.wait_for_workers(len(workers), timeout=_SECONDS)
        yield address


def _start(stack: ExitStack, folder: Path, *arguments: str) -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "MALLOC_TRIM_THRESHOLD_": "65536"}
    process = subprocess.Popen(
        [sys.executable, "-m", "dask", *arguments],
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    stack.callback(process.wait)
    stack.callback(process.kill)


def _wait(said: Path) -> None:
    ends = time.monotonic() + _SECONDS
    while not (said.exists() and said.read_text().strip().endswith("}")):
        if time.monotonic() > ends:
            raise AssertionError("the scheduler does not start")
        time.sleep(0.1)
