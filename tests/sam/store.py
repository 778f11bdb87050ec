"""The embedded S3 endpoint, where both the tests and the functions' containers reach it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, cast

from functions.core.storage.contract import Store
from functions.core.storage.opening import open_store
from functions.local.child import ROOT
from functions.local.embedded_store import READY
from functions.local.environment import exported, leading_to
from tests.sam.machine import Unavailable

BUCKET = "lifeboat-sam"
ADDRESS = f"s3://{BUCKET}"
REGION = "us-east-1"


@contextmanager
def served_store(host: str) -> Iterator[Store]:
    """A bucket in a store that listens on `host`; this process's environment leads to it meanwhile.

    Raises `Unavailable` when `host` is no address of this machine.
    """
    with subprocess.Popen(
        [sys.executable, "-m", "functions.local.embedded_store", "--host", host, "--port", "0"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as server:
        try:
            line = cast(IO[str], server.stdout).readline()
            if not line.startswith(READY):
                raise Unavailable(f"{host}, the engine's gateway, is no address of this machine")
            endpoint = f"http://{host}:{line.removeprefix(READY).strip()}"
            with exported({**leading_to(endpoint, REGION), "LIFEBOAT_STORE": ADDRESS, **_past_proxies(host)}):
                store = open_store(ADDRESS)
                store.create_bucket()
                yield store
        finally:
            cast(IO[str], server.stdin).close()


def _past_proxies(host: str) -> dict[str, str]:
    return {name: ",".join(filter(None, [os.environ.get(name), host])) for name in ("NO_PROXY", "no_proxy")}
