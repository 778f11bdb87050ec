"""The image of Lambda's Python runtime: AWS' own or, where no registry is reached, a stand-in made here."""

import hashlib
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from functions.local.process.child import ROOT
from tests.support import debian
from tests.support.debian import DOWNLOAD_SECONDS, RELEASE, debootstrap
from tests.support.engine import Engine
from tests.support.machine import Unavailable, scratch

IMAGE = "public.ecr.aws/lambda/python:3.13-x86_64"
# What SAM makes of it, adding its runtime emulator. It does not notice that the image below changed.
EMULATOR = "public.ecr.aws/lambda/python:3.13-rapid-x86_64"
LABEL = "lifeboat.stand-in"
PULL_SECONDS = 180.0

LOCK = Path(__file__).parent / "runtime.txt"
BOOTSTRAP = Path(__file__).parent / "bootstrap.sh"


def provide_image(engine: Engine) -> str:
    """See to it that the engine has `IMAGE`, and say which one it is.

    Raises `Unavailable` when it can be neither pulled nor made.
    """
    recipe = _recipe()
    match _label(engine):
        case "":
            return "AWS' own, there already"
        case found if found == recipe:
            return f"a stand-in made before, not AWS' own (for that: docker image rm {IMAGE})"
        case _:
            # Of another recipe, or none; with --force, none is no error.
            engine.docker("image", "rm", "--force", EMULATOR, IMAGE)
    try:
        engine.docker("pull", "--quiet", IMAGE, seconds=PULL_SECONDS)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        _make(engine, recipe)
        return f"a stand-in made of Debian {RELEASE}, since AWS' own could not be pulled"
    return "AWS' own, pulled"


def _label(engine: Engine) -> str | None:
    """The recipe of the stand-in that is there, "" for another image, None for none."""
    try:
        return engine.docker(
            "image",
            "inspect",
            IMAGE,
            "--format",
            f'{{{{with .Config.Labels}}}}{{{{index . "{LABEL}"}}}}{{{{end}}}}',
        )
    except subprocess.CalledProcessError:
        return None


def _recipe() -> str:
    """A stand-in made from anything else than this is made anew."""
    sources = (LOCK, BOOTSTRAP, Path(__file__), Path(debian.__file__))
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:16]


def _make(engine: Engine, recipe: str) -> None:
    if platform.machine() != "x86_64":
        raise Unavailable(f"{IMAGE} could not be pulled, and its stand-in is made on x86_64 machines only")
    if os.geteuid() != 0:
        raise Unavailable(f"{IMAGE} could not be pulled, and only root can make a stand-in (debootstrap)")
    with scratch() as folder:
        root = folder / "root"
        debootstrap(root, ["python3"])
        _install_runtime(root / "var" / "runtime")
        (root / "var" / "task").mkdir()
        (root / "opt").mkdir(exist_ok=True)
        engine.import_folder(root, IMAGE, f"LABEL {LABEL}={recipe}")


def _install_runtime(folder: Path) -> None:
    """What AWS has in /var/runtime, in the versions of the lock."""
    uv = Path(sys.executable).with_name("uv")
    subprocess.run(
        [
            uv, "pip", "install", "--quiet", "--no-deps", "--require-hashes", "--only-binary", ":all:",
            "--python-version", "3.13", "--python-platform", "x86_64-manylinux_2_28",
            "--target", folder, "--requirement", LOCK,
        ],
        cwd=ROOT,
        timeout=DOWNLOAD_SECONDS,
        check=True,
    )  # fmt: skip
    shutil.copy(BOOTSTRAP, folder / "bootstrap")
    (folder / "bootstrap").chmod(0o755)
