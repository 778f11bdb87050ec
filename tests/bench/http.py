"""Requests per second over HTTP: the same application under uvicorn, one worker, loaded by wrk.

Beside it an application that does nothing, under the same server: the most that the server can do here.
"""

from contextlib import ExitStack
from pathlib import Path
from statistics import median

from functions.local.bundle.build import RUNTIME, install
from tests.bench.figures import Figures
from tests.bench.load import Load, find_wrk, load
from tests.bench.server import DESCRIPTOR, served
from tests.bench.stage import EVENT, Stage, architecture

ROUNDS, SECONDS = 7, 2
CONNECTIONS = (1, 8, 64)
LOCK = Path(__file__).parent / "requirements.txt"
LIFEBOAT = "Lifeboat"
_NAMES = {"predict": LIFEBOAT, "empty": "an empty application"}


def measure(stage: Stage) -> Figures:
    """Raises `CannotRun` where there is no wrk, and `DoesNotServe`."""
    find_wrk()
    bundle, packages = stage.bundle("PredictFunction"), stage.scratch / "server"
    install(LOCK, packages, RUNTIME, architecture())
    environment = stage.environment("PredictFunction")
    figures = Figures("http", stage.version)
    with ExitStack() as stack:
        urls = {}
        for subject, name in _NAMES.items():
            command = stage.command("serve", bundle, packages, EVENT, DESCRIPTOR, subject)
            urls[name] = stack.enter_context(served(command, environment, stage.scratch)).url
        for url in urls.values():
            load(url, connections=8, seconds=1)
        for connections in CONNECTIONS:
            loads: dict[str, list[Load]] = {name: [] for name in urls}
            for _ in range(ROUNDS):
                for name, url in urls.items():
                    loads[name].append(load(url, connections=connections, seconds=SECONDS))
            for name, own in loads.items():
                figures.add(f"{name}, {connections} at a time", [one.rate for one in own])
            p50 = median(one.p50 for one in loads[LIFEBOAT])
            p99 = median(one.p99 for one in loads[LIFEBOAT])
            figures.note(f"latency, median, ms: {connections} at a time", p50 * 1e3)
            figures.note(f"  99th percentile: {connections} at a time", p99 * 1e3)
    figures.print_table("Over HTTP, one worker, answers per second", scale=1)
    return figures
