"""The image of Lambda's Python runtime: AWS' own or, where no registry is reached, a stand-in made here."""

import hashlib
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from functions.local.child import ROOT
from tests.sam.engine import Engine
from tests.sam.machine import Unavailable, install, last_line, scratch

IMAGE = "public.ecr.aws/lambda/python:3.13-x86_64"
# What SAM makes of it, adding its runtime emulator. It does not notice that the image below changed.
EMULATOR = "public.ecr.aws/lambda/python:3.13-rapid-x86_64"
LABEL = "lifeboat.stand-in"
PULL_SECONDS = 180.0
DOWNLOAD_SECONDS = 900.0
DEBIAN = "trixie"  # the release whose Python is 3.13

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
        return f"a stand-in made of Debian {DEBIAN}, since AWS' own could not be pulled"
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
    parts = (LOCK.read_bytes(), BOOTSTRAP.read_bytes(), Path(__file__).read_bytes())
    return hashlib.sha256(b"".join(parts)).hexdigest()[:16]


def _make(engine: Engine, recipe: str) -> None:
    if platform.machine() != "x86_64":
        raise Unavailable(f"{IMAGE} could not be pulled, and its stand-in is made on x86_64 machines only")
    if os.geteuid() != 0:
        raise Unavailable(f"{IMAGE} could not be pulled, and only root can make a stand-in (debootstrap)")
    if not shutil.which("debootstrap"):
        install("debootstrap")
    with scratch() as folder:
        root = folder / "root"
        debootstrap(root, folder / "debootstrap.log", ["python3"])
        _install_runtime(root / "var" / "runtime")
        (root / "var" / "task").mkdir()
        (root / "opt").mkdir(exist_ok=True)
        import_folder(engine, root, IMAGE, f"LABEL {LABEL}={recipe}")


def debootstrap(root: Path, log: Path, packages: Sequence[str], release: str = DEBIAN) -> None:
    """Make the files of a small Debian with these packages. Raises `Unavailable` when that cannot be done."""
    included = f"--include={','.join(packages)}"
    command = ["debootstrap", "--variant=minbase", included, release, str(root), *_mirror()]
    with log.open("w") as output:
        finished = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=DOWNLOAD_SECONDS,
            check=False,
        )
    if finished.returncode:
        raise Unavailable(f"debootstrap could not make Debian {release}: {last_line(log.read_text())}")


def _mirror() -> list[str]:
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
    found = [
        line.removeprefix("Debian ") for line in listed.stdout.splitlines() if line.startswith("Debian ")
    ]
    return found[:1]


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


def import_folder(engine: Engine, root: Path, name: str, *changes: str) -> None:
    """Make an image of the files below `root`; changes: instructions as in a Dockerfile."""
    changed = [word for change in changes for word in ("--change", change)]
    with subprocess.Popen(
        ["tar", "--directory", root, "--exclude=./dev/*", "--exclude=./var/cache/*", "--create", "."],
        stdout=subprocess.PIPE,
    ) as tar:
        subprocess.run(
            ["docker", "import", *changed, "-", name],
            env=engine.environment(),
            stdin=tar.stdout,
            stdout=subprocess.DEVNULL,
            timeout=DOWNLOAD_SECONDS,
            check=True,
        )
    if tar.returncode:
        raise RuntimeError("tar could not read the files of the stand-in")
