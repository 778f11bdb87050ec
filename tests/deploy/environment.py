"""The environment of the emulator: Python 3.13, which runs the bundles, and what the lock names."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from functions.local.bundle.build import RUNTIME
from functions.local.process.child import ROOT
from tests.support.machine import INSTALL_SECONDS, Unavailable, install, last_line

FOLDER = ROOT / ".venv-deploy"
PYTHON = FOLDER / "bin" / "python"
LOCK = ROOT / "requirements-deploy.txt"
# Says which lock is installed, and in which folder: an environment cannot be moved.
_STAMP = FOLDER / ".deploy"
_UV = Path(sys.executable).with_name("uv")


def provide_environment() -> str:
    """Make `.venv-deploy` hold what the lock says. Returns what was done, in words.

    Raises `Unavailable` when Lambda's version of Python is neither here nor can be had.
    """
    wanted = f"{ROOT} {hashlib.sha256(LOCK.read_bytes()).hexdigest()}"
    if _STAMP.exists() and _STAMP.read_text() == wanted:
        return f"Python {RUNTIME} and the packages of {LOCK.name}, there already"
    shutil.rmtree(FOLDER, ignore_errors=True)
    _make_environment()
    synced = _uv("pip", "sync", "--python", str(PYTHON), "--require-hashes", str(LOCK))
    if synced.returncode:
        raise RuntimeError(f"the packages of {LOCK.name} could not be installed: {synced.stderr.strip()}")
    _STAMP.write_text(wanted)
    return f"Python {RUNTIME} and the packages of {LOCK.name}, installed for this run"


def _make_environment() -> None:
    """With a Python that is here, that uv fetches, or that Debian has. Raises `Unavailable`."""
    if any(_make(python).returncode == 0 for python in [RUNTIME, *_of_pyenv()]):
        return
    fetched = _uv("python", "install", RUNTIME)
    if fetched.returncode == 0 and _make(RUNTIME).returncode == 0:
        return
    try:
        install(f"python{RUNTIME}")
    except Unavailable as also:
        raise Unavailable(
            f"no Python {RUNTIME} is here, uv could not fetch one ({last_line(fetched.stderr)}), and {also}"
        ) from also
    made = _make(RUNTIME)
    if made.returncode:
        raise Unavailable(f"no Python {RUNTIME}: {last_line(made.stderr)}")


def _of_pyenv() -> list[str]:
    """Those that pyenv keeps: its shims on the path run only the version that was chosen."""
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    return [str(path) for path in sorted(versions.glob(f"{RUNTIME}.*/bin/python"), reverse=True)]


def _make(python: str) -> subprocess.CompletedProcess[str]:
    options = ("--quiet", "--no-project", "--clear", "--no-python-downloads")
    return _uv("venv", *options, "--python", python, str(FOLDER))


def _uv(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [_UV, *arguments],
        cwd=ROOT,
        env=os.environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=INSTALL_SECONDS,
        check=False,
    )
