"""A Debian in a folder, with what the README asks for and nothing else, and somebody who uses it."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from functions.local.process.child import ROOT
from tests.support.debian import debootstrap
from tests.support.machine import Unavailable

# Its Python is 3.11, the oldest that will do.
RELEASE = "bookworm"
PACKAGES = ("ca-certificates", "git", "make", "python3", "python3-venv")
USER = "passenger"
HOME = f"home/{USER}"
SETUP_SECONDS = 120.0
# It is looked for where the environment of the user has no path to.
_CHROOT = shutil.which("chroot", path=f"{os.defpath}:/usr/sbin:/sbin") or "chroot"
# How this machine reaches the outside, where it says so: no setting of Python's or of a program's own.
_WAY_OUT = ("_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "PIP_CERT", "PIP_DEFAULT_TIMEOUT")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended, and how long it took."""

    code: int
    said: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Debian:
    """The folder that is the root of what runs in it."""

    root: Path

    def run(self, *command: str, folder: str = f"/{HOME}", seconds: float = SETUP_SECONDS) -> Ended:
        """Run a command as the user, without a terminal, in `folder`, with hardly an environment."""
        began = time.monotonic()
        user = f"--userspec={USER}:{USER}"
        finished = subprocess.run(
            [_CHROOT, user, self.root, "/usr/bin/env", f"--chdir={folder}", *command],
            env={"PATH": "/usr/bin:/bin", "HOME": f"/{HOME}", "USER": USER, "LANG": "C.UTF-8", **_way_out()},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=seconds,
            check=False,
        )
        return Ended(finished.returncode, finished.stdout, time.monotonic() - began)


def make_debian(folder: Path) -> Debian:
    """Make one below `folder`. Raises `Unavailable` when that cannot be done here."""
    if os.geteuid() != 0:
        raise Unavailable("only root can make and enter a Debian (debootstrap, chroot)")
    root = folder / "root"
    debootstrap(root, PACKAGES, release=RELEASE)
    subprocess.run([_CHROOT, root, "useradd", "--create-home", USER], timeout=SETUP_SECONDS, check=True)
    # Names and certificates of the outside are this machine's; the README leaves to it how it is reached.
    shutil.copy("/etc/resolv.conf", root / "etc" / "resolv.conf")
    shutil.copy("/etc/hosts", root / "etc" / "hosts")
    certificates = root / "etc" / "ssl" / "certs"
    # What Debian has put there leads, seen from here, to files of this machine: nothing is written there.
    shutil.rmtree(certificates)
    shutil.copytree("/etc/ssl/certs", certificates)
    return Debian(root)


@contextmanager
def mounted(debian: Debian) -> Iterator[Debian]:
    """The same with the kernel's files, which Python and the programs that it starts look into."""
    # Without sys, joblib cannot count cores, and warns; without dev/pts there are no terminals.
    bound = ("dev", "dev/shm", "dev/pts")
    places = [("proc", "proc"), ("sysfs", "sys"), *((f"/{place}", place) for place in bound)]
    done = []
    try:
        for what, place in places:
            how = (
                ["--bind"] if what.startswith("/") else ["--types", what, "--options", "nosuid,nodev,noexec"]
            )
            (debian.root / place).mkdir(exist_ok=True)
            command: list[str | Path] = ["mount", *how, what, debian.root / place]
            subprocess.run(command, timeout=SETUP_SECONDS, check=True)
            done.append(debian.root / place)
        yield debian
    finally:
        for mount in reversed(done):
            subprocess.run(["umount", mount], timeout=SETUP_SECONDS, check=True)


def clone(debian: Debian) -> Path:
    """A clone of the last commit of this checkout, in the user's home. Returns the folder, seen from here."""
    bundle = debian.root / HOME / "lifeboat.bundle"
    subprocess.run(
        ["git", "bundle", "create", "--quiet", bundle, "HEAD"], cwd=ROOT, timeout=SETUP_SECONDS, check=True
    )
    cloned = debian.run("git", "clone", "--quiet", bundle.name, "lifeboat")
    if cloned.code:
        raise RuntimeError(f"git could not clone: {cloned.said}")
    bundle.unlink()
    return debian.root / HOME / "lifeboat"


def _way_out() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.upper().endswith(_WAY_OUT)}
