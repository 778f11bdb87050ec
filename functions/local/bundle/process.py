"""Runs a command to its end and keeps what it says."""

import subprocess
from collections.abc import Mapping, Sequence
from os import PathLike

Finished = subprocess.CompletedProcess[str]


def run(command: Sequence[str | PathLike[str]], environment: Mapping[str, str] | None = None) -> Finished:
    """Run `command`, in `environment` if one is given, away from the current folder; it may fail."""
    # The rule warns of commands that somebody else could have chosen. Only this package calls this, for uv
    # and for Python, and no shell reads the arguments.
    return subprocess.run(  # noqa: S603 - nothing in the command comes from outside, see above
        command, cwd="/", env=environment, capture_output=True, text=True, check=False
    )
