"""Requests per second over HTTP: the same application under uvicorn, one worker, loaded by wrk.

Beside it an application that does nothing, under the same server: the most that the server can do here.
"""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

from functions.local.bundle.build import RUNTIME
from functions.local.bundle.wheels import install
from functions.local.listening import HOST, listen, port_of
from tests.bench.figures import Figures
from tests.bench.load import find_wrk, load
from tests.bench.stage import EVENT, Stage, architecture

ROUNDS, SECONDS = 7, 2
CONNECTIONS = (1, 8, 64)
LOCK = Path(__file__).parent / "requirements.txt"
LIFEBOAT = "Lifeboat"
_NAMES = {"predict": LIFEBOAT, "empty": "an empty application"}


def measure(stage: Stage) -> Figures:
    """Raises `CannotRun` where there is no wrk."""
    find_wrk()
    bundle, server = stage.bundle("PredictFunction"), stage.scratch / "server"
    install(LOCK, server, RUNTIME, architecture())
    figures = Figures("http", stage.version)
    with ExitStack() as stack:
        urls = {subject: stack.enter_context(_served(stage, bundle, server, subject)) for subject in _NAMES}
        for subject in _NAMES:
            load(urls[subject], connections=8, seconds=1)
        for connections in CONNECTIONS:
            loads = [
                (name, load(urls[subject], connections=connections, seconds=SECONDS))
                for _ in range(ROUNDS)
                for subject, name in _NAMES.items()
            ]
            for name in _NAMES.values():
                figures.add(
                    f"{name}, {connections} at a time", [one.rate for own, one in loads if own == name]
                )
            own = [one for name, one in loads if name == LIFEBOAT]
            figures.note(
                f"latency, median, ms: {connections} at a time", median(one.p50 for one in own) * 1e3
            )
            figures.note(f"  99th percentile: {connections} at a time", median(one.p99 for one in own) * 1e3)
    figures.print_table("Over HTTP, one worker, answers per second", scale=1)
    return figures


@contextmanager
def _served(stage: Stage, bundle: Path, server: Path, subject: str) -> Iterator[str]:
    """The address of a server, which goes when the block ends."""
    with listen(0) as listener:
        command = stage.command("serve", bundle, server, EVENT, str(listener.fileno()), subject)
        process = subprocess.Popen(
            command,
            env=stage.environment("PredictFunction"),
            # Nobody reads the prediction log here.
            stdout=subprocess.DEVNULL,
            pass_fds=[listener.fileno()],
        )
        url = f"http://{HOST}:{port_of(listener)}/predict"
    try:
        yield url
    finally:
        process.terminate()
        process.wait()
