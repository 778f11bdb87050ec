"""The embedded S3 endpoint, where both the tests and the functions' containers reach it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from threading import Thread
from typing import IO, cast

from functions.core.storage.contract import Store
from functions.core.storage.opening import open_store
from functions.local.process.child import ROOT
from functions.local.process.environment import (
    exported,
    leading_only_to,
    leading_to,
    needed_of,
    new_credentials,
)
from functions.local.store.embedded import READY, START_SECONDS
from tests.support.machine import Unavailable

BUCKET = "lifeboat-sam"
ADDRESS = f"s3://{BUCKET}"
STOP_SECONDS = 10.0


@contextmanager
def served_store(host: str, **variables: str) -> Iterator[Store]:
    """A bucket in a store that listens on `host`; this process's environment leads to it meanwhile.

    variables: of the store's environment, beside those that it needs.

    Raises `Unavailable` when `host` is no address of this machine.
    """
    credentials = new_credentials()
    with subprocess.Popen(
        [sys.executable, "-m", "functions.local.store.embedded", "--host", host, "--port", "0"],
        cwd=ROOT,
        env=needed_of(os.environ) | leading_to("", credentials) | variables,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as server:
        try:
            line = _first_line(server)
            if not line.startswith(READY):
                raise Unavailable(f"{host}, the engine's gateway, is no address of this machine")
            endpoint = f"http://{host}:{line.removeprefix(READY).strip()}"
            leading = leading_only_to(endpoint, credentials) | {"NO_PROXY": host, "no_proxy": host}
            with exported({**leading, "LIFEBOAT_STORE": ADDRESS}):
                store = open_store(ADDRESS)
                store.create_bucket()
                yield store
        finally:
            cast(IO[str], server.stdin).close()
            try:
                server.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                # It has nothing to save.
                server.kill()


def _first_line(server: subprocess.Popen[str]) -> str:
    """What the store says first. Raises `RuntimeError` when it says nothing for too long."""
    lines: SimpleQueue[str] = SimpleQueue()
    Thread(target=lambda: lines.put(cast(IO[str], server.stdout).readline()), daemon=True).start()
    try:
        return lines.get(timeout=START_SECONDS)
    except Empty:
        server.kill()
        raise RuntimeError(f"the embedded store said nothing for {START_SECONDS:.0f} seconds") from None
