"""A run that this machine cannot do: it ends with an exit code of its own, and the reason is left in a file.

So nobody takes it for a run that tested. `make` turns the exit code into its own 2, hence the file, in which
.ci/run finds the reason.
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from functions.local.process.child import ROOT
from functions.local.process.state import BUILD
from tests.support.machine import Unavailable

EXIT_CODE = 77
RUN_SECONDS = 300.0


def reason_file(target: str) -> Path:
    """Where the reason is, of `make TARGET`."""
    return BUILD / f"{target}-cannot-run"


@contextmanager
def or_cannot_run(target: str, session: pytest.Session) -> Iterator[None]:
    """End the run of `make TARGET` when what it needs is `Unavailable`.

    What has failed before has failed, whatever is missing for the others: the exit code is 1 then.
    """
    file = reason_file(target)
    file.unlink(missing_ok=True)
    try:
        yield
    except Unavailable as reason:
        if session.testsfailed:
            pytest.exit(f"Cannot run the others here: {reason}", 1)
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"{reason}\n")
        pytest.exit(f"Cannot run here: {reason}", EXIT_CODE)


def require_built(*built: tuple[Path, str]) -> None:
    """End the run, as failed, when a path is missing that `make` of the word beside it makes."""
    for path, target in built:
        if not path.exists():
            pytest.exit(f"{path} is missing: make {target}", 1)


def run_unable(target: str, *arguments: str, environment: Mapping[str, str]) -> str:
    """Run pytest where something is missing, see how it ends, and return the reason that it leaves."""
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *arguments, "-p", "no:cacheprovider", "-q"],
        env={**os.environ, **environment},
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        check=False,
    )
    assert run.returncode == EXIT_CODE, run.stdout + run.stderr
    reason = reason_file(target).read_text().strip()
    reason_file(target).unlink()
    assert f"Cannot run here: {reason}" in run.stdout + run.stderr
    return reason
