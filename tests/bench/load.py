"""wrk, a load generator that takes little of the machine it shares with the server:
https://github.com/wg/wrk."""

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.bench.checkout import CannotRun
from tests.bench.stage import ROW
from tests.support.machine import Unavailable, install

SCRIPT = Path(__file__).parent / "predict.lua"


@dataclass(frozen=True, slots=True)
class Load:
    """What came of a run: answers per second, and the percentiles of their latency in seconds."""

    rate: float
    p50: float
    p99: float


def find_wrk() -> str:
    """The command; installed where this user can. Raises `CannotRun`."""
    if not shutil.which("wrk"):
        try:
            install("wrk")
        except Unavailable as reason:
            raise CannotRun(f"the load generator cannot be had: {reason}") from reason
    return "wrk"


def load(url: str, *, connections: int, seconds: int, body: str = ROW) -> Load:
    """POST `body` to `url` over so many connections for a while.

    Raises `RuntimeError` when a request fails or is answered with another status than a success.
    """
    command = ["wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{seconds}s"]
    command += ["--script", str(SCRIPT), url, "--", body]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode:
        raise RuntimeError(f"wrk failed: {done.stderr or done.stdout}")
    said = json.loads(done.stdout.splitlines()[-1])
    if said["failed"] or not said["requests"]:
        raise RuntimeError(f"{said['failed']} requests of {said['requests']} to {url} failed")
    return Load(said["requests"] / said["microseconds"] * 1e6, said["p50"] / 1e6, said["p99"] / 1e6)
