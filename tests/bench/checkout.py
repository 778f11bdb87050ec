"""A predict function that is built and has a champion to fetch: of this checkout, or of another beside it.

What is measured runs in processes of its own, which hold what the bundle holds and nothing else: the scripts
in the checkout's own `tests/bench/inside`, which know the names in its code.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

STAGING = Path(__file__).parent / "staging.py"
READY = "staged: "
# As this process was started: what leads it to a store of its own takes proxies and certificates away, by
# which the packages of the other checkout are fetched.
STARTED_WITH = dict(os.environ)
# The longest script trains, and scores a million rows.
_SCRIPT_SECONDS = 1800.0
_STAGING_SECONDS = 900.0


class CannotRun(Exception):
    """What a benchmark needs is missing here: the text says what, and what would help."""


@dataclass(frozen=True, slots=True)
class Checkout:
    """python: an interpreter of Lambda's version. inside: the folder of scripts. event: a file with a request
    to /predict. model: the champion's graph as a file. environment: what leads the function to its store."""

    python: Path
    inside: Path
    bundle: Path
    event: Path
    model: Path
    environment: Mapping[str, str]

    def run(self, script: str, *arguments: str | Path) -> Any:
        """What a script in `inside` printed last, in JSON. Raises `CalledProcessError` when it fails."""
        return run_script(isolated(self.python, self.inside / f"{script}.py", *arguments), self.environment)

    def marks(self, script: str, *arguments: str | Path) -> dict[str, float]:
        """The seconds from the start of a process to each of the moments that its script prints."""
        began = time.monotonic()
        marks: dict[str, float] = self.run(script, *arguments)
        return {name: moment - began for name, moment in marks.items()}


def isolated(python: Path, script: Path, *arguments: str | Path) -> list[str | Path]:
    """The command line of a script that finds nothing of this environment's packages."""
    return [python, "-I", "-S", "-B", script, *arguments]


def run_script(command: Sequence[str | Path], environment: Mapping[str, str]) -> Any:
    """What a command printed last, in JSON. Raises `CalledProcessError` when it fails."""
    # What the function logs goes to a file: the reader of a pipe would be woken by every line, on a machine
    # whose processors and caches it shares with what is measured.
    with tempfile.TemporaryFile() as output:
        subprocess.run(command, env=dict(environment), check=True, stdout=output, timeout=_SCRIPT_SECONDS)
        output.seek(0)
        return json.loads(output.read().splitlines()[-1])


@contextmanager
def other_checkout(root: Path) -> Iterator[Checkout]:
    """The checkout at `root`, staged by its own code: its recipe for the bundle, its training of a champion.

    Its own .venv is used where it has one, else this environment. Raises `CannotRun`.
    """
    root = root.resolve()
    if not (root / "tests" / "bench" / "stage.py").is_file():
        raise CannotRun(f"{root} is no checkout of Lifeboat with benchmarks")
    own = root / ".venv" / "bin" / "python"
    python = own if own.exists() else Path(sys.executable)
    environment = {name: value for name, value in STARTED_WITH.items() if not name.startswith("PYTHON")}
    print(f"Staging {root} ...", flush=True)
    with subprocess.Popen(
        # -P: the folder of the script holds modules that are named as those of the standard library are.
        [python, "-P", STAGING],
        cwd=root,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        # It may hang as it installs, trains or cleans up: it is ended then, which ends the reading of it.
        overdue = threading.Timer(_STAGING_SECONDS, process.kill)
        overdue.start()
        try:
            checkout = _read_checkout(process, root)
            overdue.cancel()
            yield checkout
        finally:
            overdue.cancel()
            # It waits for this, and then removes what it has made.
            cast(IO[str], process.stdin).close()
            try:
                process.wait(_STAGING_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def _read_checkout(process: subprocess.Popen[str], root: Path) -> Checkout:
    for line in cast(IO[str], process.stdout):
        if line.startswith(READY):
            found = json.loads(line.removeprefix(READY))
            environment = found.pop("environment")
            return Checkout(**{name: Path(path) for name, path in found.items()}, environment=environment)
        print(f"  {line.rstrip()}", flush=True)
    raise CannotRun(
        f"{root} could not be staged within {_STAGING_SECONDS:.0f} seconds; what it said stands above"
    )
