"""Packages of Debian, fetched by debootstrap from the mirror that this machine uses."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.support.machine import Unavailable, last_line, provide_command

RELEASE = "trixie"  # whose Python is Lambda's, 3.13
DOWNLOAD_SECONDS = 900.0


def debootstrap(folder: Path, packages: Sequence[str], *options: str, release: str = RELEASE) -> None:
    """Make the files of a small Debian with these packages in `folder`, which is made.

    Options are debootstrap's own (`--download-only`, `--arch=arm64`). Raises `Unavailable` when it fails,
    or when it is missing and cannot be installed.
    """
    provide_command("debootstrap")
    log = folder.with_name(f"{folder.name}.log")
    included = f"--include={','.join(packages)}"
    with log.open("w") as output:
        finished = subprocess.run(
            [
                *("debootstrap", "--variant=minbase", *options, included),
                *(release, str(folder), *find_mirror()),
            ],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=DOWNLOAD_SECONDS,
            check=False,
        )
    if finished.returncode:
        said = last_line(log.read_text())
        raise Unavailable(f"debootstrap could not bring {' '.join(['Debian', release, *options])}: {said}")


def find_mirror() -> list[str]:
    """The mirror this machine's apt uses; where that is no Debian, none: debootstrap's own."""
    if not shutil.which("apt-get"):
        return []
    listed = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(LABEL) $(REPO_URI)", "Created-By: Packages"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    mirrors = [
        line.removeprefix("Debian ") for line in listed.stdout.splitlines() if line.startswith("Debian ")
    ]
    return mirrors[:1]
