"""As much of an arm64 Debian as Python 3.13 and a bundle need, in a folder, run by qemu's user mode.

Nothing of this machine is seen in it but its network: it has neither /proc nor /sys. Lambda hides the
processor's files in /sys as well, and onnxruntime used to abort at its import there
(https://github.com/microsoft/onnxruntime/pull/28230).
"""

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support.debian import RELEASE, debootstrap
from tests.support.machine import Unavailable, provide_command

EMULATOR = "qemu-aarch64-static"
# That of Graviton2, on which Lambda runs arm64.
PROCESSOR = "neoverse-n1"
PYTHON = "usr/bin/python3.13"
# Installed, they would run scripts, to be emulated one by one. Their files are enough: Python, and what it
# and the wheels' libraries are linked with.
PACKAGES = (
    "libbz2-1.0",
    "libc6",
    "libexpat1",
    "libffi8",
    "libgcc-s1",
    "liblzma5",
    "libpython3.13-minimal",
    "libpython3.13-stdlib",
    "libssl3t64",
    "libstdc++6",
    "libzstd1",
    "python3.13-minimal",
    "zlib1g",
)
UNPACK_SECONDS = 120.0
# An emulated import of numpy takes two seconds, and half a minute on a machine that is busy.
RUN_SECONDS = 240.0


@dataclass(frozen=True, slots=True)
class Debian:
    """The folder that is the root of what runs in it."""

    root: Path

    def python(self, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
        """What Python printed, on arm64, without a package of its own and with this environment alone.

        Raises `RuntimeError` with its last words when it fails.
        """
        finished = subprocess.run(
            [
                "chroot",
                self.root,
                f"/{EMULATOR}",
                "-cpu",
                PROCESSOR,
                f"/{PYTHON}",
                "-I",
                "-S",
                "-B",
                *arguments,
            ],
            env={"PATH": os.environ["PATH"], **(environment or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS,
            check=False,
        )
        if finished.returncode:
            raise RuntimeError(
                f"Python on arm64 ended with {finished.returncode}:\n{finished.stderr[-3_000:]}"
            )
        return finished.stdout


def make_debian(folder: Path) -> Debian:
    """Make one below `folder`. Raises `Unavailable` when that cannot be done here."""
    if os.geteuid() != 0:
        raise Unavailable("only root can fetch and enter an arm64 Debian (debootstrap, chroot)")
    provide_command(EMULATOR, "qemu-user-static")
    emulator = _emulator()
    root = folder / "root"
    for name in ("proc", "sys", "tmp", "usr/lib", "var/task"):
        (root / name).mkdir(parents=True)
    # As in every Debian since 12; the program's loader goes by this path.
    (root / "lib").symlink_to("usr/lib")
    for file in _download(folder / "packages"):
        subprocess.run(["dpkg-deb", "--extract", file, root], timeout=UNPACK_SECONDS, check=True)
    shutil.copy(emulator, root / EMULATOR)
    return Debian(root)


def _download(folder: Path) -> list[Path]:
    """The files of `PACKAGES`, their signatures checked by debootstrap."""
    debootstrap(folder, PACKAGES, "--download-only", "--arch=arm64")
    archives = folder / "var" / "cache" / "apt" / "archives"
    return [_file_of(name, archives) for name in PACKAGES]


def _file_of(package: str, archives: Path) -> Path:
    file = next(archives.glob(f"{package}_*.deb"), None)
    if file is None:
        raise Unavailable(f"debootstrap brought no {package}: Debian {RELEASE} may have renamed it")
    return file


def _emulator() -> str:
    emulator = shutil.which(EMULATOR)
    if not emulator:
        raise Unavailable(f"apt installed qemu-user-static, and there is no {EMULATOR}")
    listed = subprocess.run(
        [emulator, "-cpu", "help"], capture_output=True, text=True, timeout=UNPACK_SECONDS, check=False
    )
    if PROCESSOR not in listed.stdout:
        raise Unavailable(f"{EMULATOR} does not know the processor {PROCESSOR}; version 7.2 does")
    return emulator
