"""Runs the tools of a build: uv, and a Python of Lambda's version that compiles and imports bundles."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from os import PathLike
from pathlib import Path

# The longest of them downloads and unpacks a bundle's packages.
SECONDS = 1800.0

Finished = subprocess.CompletedProcess[str]

_NAME = "import sys; print(sys.implementation.cache_tag + sys.abiflags)"


@cache
def find_python(version: str) -> Path | None:
    """A CPython of `version` ("3.13"), or None: this one, one on the path, uv's own or pyenv's.

    A build without the interpreter lock loads other wheels, so it does not count.
    """
    wanted = f"cpython-{version.replace('.', '')}"
    return next((path for path in _candidates(version) if _name(path) == wanted), None)


def _candidates(version: str) -> Iterator[Path]:
    yield Path(sys.executable)
    if interpreter := shutil.which(f"python{version}"):
        yield Path(interpreter)
    find = ["python", "find", "--managed-python", "--no-python-downloads", version]
    uv = run([sys.executable, "-m", "uv", *find])
    if uv.returncode == 0:
        yield Path(uv.stdout.strip())
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from pyenv.glob(f"versions/{version}.*/bin/python")


def _name(path: Path) -> str | None:
    # A pyenv shim can exist and fail.
    try:
        return run([path, "-I", "-S", "-c", _NAME]).stdout.strip()
    except OSError:
        return None


def run(command: Sequence[str | PathLike[str]], environment: Mapping[str, str] | None = None) -> Finished:
    """Run `command`, in `environment` if one is given, away from the current folder; it may fail.

    Raises `RuntimeError` when it does not end.
    """
    # The rule warns of commands that somebody else could have chosen. Only this package calls this, for uv
    # and for Python, and no shell reads the arguments.
    try:
        return subprocess.run(  # noqa: S603 - nothing in the command comes from outside, see above
            command, cwd="/", env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired as late:
        raise RuntimeError(f"{command[0]} did not end within {SECONDS:.0f} seconds") from late
