"""What is asked of the machine: a package it lacks, and a folder that leaves nothing behind."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

INSTALL_SECONDS = 600.0


class Unavailable(Exception):
    """What the run needs cannot be had on this machine: the text says what, and what would help."""


def provide_command(command: str, package: str | None = None) -> None:
    """Install the package of `command` (by default of its name) where it is missing. Raises `Unavailable`."""
    if not shutil.which(command):
        install(package or command)


def install(package: str) -> None:
    """Install a package of Debian or Ubuntu. Raises `Unavailable` when that cannot be done here."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise Unavailable(f"{package} is missing; install it, or run as root on Debian or Ubuntu")
    noninteractive = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update"], ["install", "--yes", "--no-install-recommends", package]):
        finished = subprocess.run(
            ["apt-get", "-qq", *arguments],
            env=noninteractive,
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS,
            check=False,
        )
        # Of several sources one may fail to update, and the package be had from another.
        if finished.returncode and arguments[0] == "install":
            raise Unavailable(f"apt could not install {package}: {last_line(finished.stderr)}")


@contextmanager
def scratch() -> Iterator[Path]:
    """A temporary folder that goes with whatever is still mounted in it."""
    folder = Path(tempfile.mkdtemp(prefix="lifeboat-")).resolve()
    try:
        yield folder
    finally:
        mounted = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
        for place in sorted((m for m in mounted if Path(m).is_relative_to(folder)), reverse=True):
            subprocess.run(["umount", place], timeout=60, check=True)
        shutil.rmtree(folder)


def last_line(text: str) -> str:
    """The line in which a command that failed usually says why."""
    return text.strip().splitlines()[-1] if text.strip() else "it said nothing"
