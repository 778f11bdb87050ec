"""The base of the image: what the Dockerfile names or, where no registry is reached, Debian made here."""

import re
import subprocess
from pathlib import Path

from tests.support.debian import RELEASE, debootstrap
from tests.support.engine import Engine
from tests.support.machine import scratch

ROOT = Path(__file__).parents[2]
STAND_IN = f"lifeboat-base:{RELEASE}"
PACKAGES = ("python3", "python3-venv", "ca-certificates", "libgomp1")
PULL_SECONDS = 180.0


def provide_base(engine: Engine) -> str:
    """The name of a base image that the engine has. Raises `Unavailable` when none can be had."""
    named = re.search(r"^ARG BASE=(\S+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert named, "the Dockerfile names no base"
    for name in (named[1], STAND_IN):
        if engine.docker("image", "ls", "--quiet", name):
            return name
    try:
        engine.docker("pull", "--quiet", named[1], seconds=PULL_SECONDS)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        _make(engine)
        return STAND_IN
    return named[1]


def _make(engine: Engine) -> None:
    with scratch() as folder:
        root = folder / "root"
        debootstrap(root, PACKAGES)
        engine.import_folder(root, STAND_IN)
