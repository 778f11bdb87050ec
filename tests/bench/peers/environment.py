"""An environment of its own for each server, below build/peers, made once per lock."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from functions.local.bundle.build import RUNTIME
from functions.local.process.child import ROOT
from tests.bench.checkout import STARTED_WITH, CannotRun

ENVIRONMENTS = ROOT / "build" / "peers"


def environment(name: str, lock: Path, python: Path) -> Path:
    """The folder of an environment of `python` that holds what `lock` says, hashes checked, with byte-code.

    Raises `CannotRun` when the packages cannot be had.
    """
    folder = ENVIRONMENTS / name
    stamp, wanted = folder / "installed", f"{folder}\n{python}\n{lock.read_text()}"
    if stamp.exists() and stamp.read_text() == wanted:
        return folder
    print(f"Installing {name} in {folder} ...", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    _uv("venv", "--no-project", "--python", python, folder)
    _uv(
        "pip", "sync", "--python", folder / "bin" / "python",
        "--require-hashes", "--compile-bytecode", lock,
    )  # fmt: skip
    stamp.write_text(wanted)
    return folder


def packages(folder: Path) -> Path:
    """Where an environment holds its packages."""
    return folder / "lib" / f"python{RUNTIME}" / "site-packages"


def locked_version(package: str, lock: Path) -> str:
    """The version of `package` in `lock`, which names it."""
    pinned = next(line for line in lock.read_text().splitlines() if line.startswith(f"{package}=="))
    return pinned.split()[0].partition("==")[2]


def size_mib(folder: Path) -> float:
    """What the files below `folder` hold; a link holds nothing."""
    files = (Path(at, name) for at, _, names in os.walk(folder) for name in names)
    return sum(file.lstat().st_size for file in files if not file.is_symlink()) / 2**20


def _uv(*arguments: str | Path) -> None:
    command = [sys.executable, "-m", "uv", *arguments, "--quiet"]
    # The proxies and certificates that a stage takes away are those by which packages are fetched.
    done = subprocess.run(
        command, env=STARTED_WITH, capture_output=True, text=True, timeout=1200, check=False
    )
    if done.returncode:
        raise CannotRun(
            f"uv {arguments[0]} failed: {done.stderr.strip()[-1000:]}\n"
            "This installs from the package index, or from a mirror that UV_DEFAULT_INDEX names."
        )
