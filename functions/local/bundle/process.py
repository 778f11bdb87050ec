"""Runs a command to its end and keeps what it says."""

import subprocess
from collections.abc import Mapping, Sequence
from os import PathLike

Finished = subprocess.CompletedProcess[str]


def run(command: Sequence[str | PathLike[str]], environment: Mapping[str, str] | None = None) -> Finished:
    """Run `command`, in `environment` if one is given, away from the current folder; it may fail."""
    # A list of arguments that no shell reads, of programs that this package names: uv and Python.
    return subprocess.run(  # noqa: S603 - ruff warns of every command that is not a constant
        command, cwd="/", env=environment, capture_output=True, text=True, check=False
    )
