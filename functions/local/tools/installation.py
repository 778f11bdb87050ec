"""The environments of this checkout, made, and kept to their locks: `make` runs it before most targets.

    python3 -I functions/local/tools/installation.py {run,scale,dev,sam,mlflow,docs} [PYTHON ...]

It runs before anything is installed, by any Python from 3.11 on, and imports that Python's own library alone.
The PYTHONs are tried in turn where an environment has to be made; the variable PYTHON names another one.
"""

import argparse
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
OLDEST = (3, 11)
# For all that an environment holds: MLflow's is 750 MB.
SECONDS = 3_600
# What a Python prints of itself: sys.hexversion, which tells 3.13.1 from 3.13.2.
VERSION = "import sys; print(sys.hexversion)"


class CannotInstall(Exception):
    """An environment cannot be made or filled; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Kind:
    """An environment: its folder, and the sets that it may hold, each of which has all of those before it."""

    folder: str
    locks: Mapping[str, tuple[str, ...]]


MAIN = Kind(
    ".venv",
    {
        "run": ("requirements.txt",),
        "scale": ("requirements.txt", "requirements-scale.txt"),
        "dev": ("requirements-dev.txt",),
    },
)
KINDS = (
    MAIN,
    # Their exact pins are at odds with those of the main one.
    Kind(".venv-sam", {"sam": ("tests/sam/requirements.txt",)}),
    Kind(".venv-mlflow", {"mlflow": ("requirements-mlflow.txt",)}),
    Kind(".venv-docs", {"docs": ("docs/requirements.txt",)}),
)
SETS = {name: kind for kind in KINDS for name in kind.locks}


@dataclass(frozen=True, slots=True)
class Stamp:
    """What an environment is. folder: where it was made, because it cannot be moved; python: its version;
    holds: the set that is asked of it; locks: the digest of the locks that are installed, "" until they are.
    """

    folder: str
    python: int
    holds: str = ""
    locks: str = ""

    def write(self) -> None:
        """Write it into the environment, whole or not at all."""
        place = _place(Path(self.folder))
        beside = place.with_suffix(".new")
        beside.write_text(json.dumps(asdict(self)) + "\n")
        beside.replace(place)


def install(name: str, pythons: Sequence[str], *, root: Path = ROOT) -> None:
    """Make the environment that has the set `name`, and have it hold what its locks say, and no more.

    What was asked of it once it keeps. Nothing is done where all is as it should be. Raises `CannotInstall`.
    """
    kind = SETS[name]
    if _is_complete(root, kind, name):
        return
    with _alone(root):
        main = _main_environment(root, pythons)
        stamp = main if kind is MAIN else _beside_environment(root, kind, main)
        _fill(root, kind, stamp, name)


def _is_complete(root: Path, kind: Kind, name: str) -> bool:
    kept = _usable(root / kind.folder)
    if kept is None or (kind is MAIN and _wants_another(kept)):
        return False
    holds = _larger(kind, kept.holds, name)
    return holds == kept.holds and kept.locks == _digest(root, kind.locks[holds])


def _larger(kind: Kind, *names: str) -> str:
    return max(names, key=lambda name: list(kind.locks).index(name) if name else -1)


def _digest(root: Path, locks: Sequence[str]) -> str:
    return hashlib.sha256(b"\0".join((root / lock).read_bytes() for lock in locks)).hexdigest()


# ---- What there is


def _usable(folder: Path) -> Stamp | None:
    """The stamp of an environment whose Python runs and that stands where it was made; None of any other."""
    try:
        stamp = Stamp(**json.loads(_place(folder).read_text()))
    except (OSError, ValueError, TypeError):
        return None
    python = folder / "bin" / "python"
    version = sys.hexversion if sys.executable == str(python) else _version(str(python))
    return stamp if (stamp.folder, stamp.python) == (str(folder), version) else None


def _place(folder: Path) -> Path:
    return folder / ".installed"


def _version(python: str) -> int | None:
    """The version of a Python; None of one that does not run (the shim of a version manager may not)."""
    said = _ask([python, "-I", "-S", "-c", VERSION])
    return int(said) if said.strip().isdigit() else None


def _is_old(version: int) -> bool:
    return version >> 16 < OLDEST[0] << 8 | OLDEST[1]


def _wants_another(kept: Stamp) -> bool:
    """Whether PYTHON names a version that an environment is not of. One that does not run changes nothing."""
    named = os.environ.get("PYTHON")
    if not named:
        return False
    version = _version(named)
    if version is None:
        _say(f"PYTHON={named}: this does not run, so {Path(kept.folder).name} stays as it is")
    return version not in (None, kept.python)


# ---- What is made


def _main_environment(root: Path, pythons: Sequence[str]) -> Stamp:
    folder = root / MAIN.folder
    kept = _usable(folder)
    if kept and not _wants_another(kept):
        stamp = kept
    else:
        python, version = _choose(pythons)
        _say(f"Making {MAIN.folder} with Python {_in_words(version)} ({python})")
        if _run([python, "-I", "-m", "venv", "--clear", folder]):
            shutil.rmtree(folder, ignore_errors=True)
            raise CannotInstall(
                "The environment could not be made. On Debian and Ubuntu: apt install python3-venv"
            )
        stamp = Stamp(str(folder), version)
        stamp.write()
    _install_uv(root, folder)
    return stamp


def _choose(pythons: Sequence[str]) -> tuple[str, int]:
    """The Python that environments are made with, and its version. Raises `CannotInstall`."""
    named = os.environ.get("PYTHON")
    if named:
        version = _version(named)
        if version is None or _is_old(version):
            raise CannotInstall(f"PYTHON={named}: this does not run, or is older than 3.11.")
        return named, version
    for python in pythons:
        version = _version(python)
        if version is not None and not _is_old(version):
            return python, version
    raise CannotInstall(
        f"Lifeboat needs Python 3.11 or later; none was found as {' or '.join(pythons)}.\n"
        "Install one, or name it: make PYTHON=/path/to/python3.13 ..."
    )


def _in_words(version: int) -> str:
    return f"{version >> 24}.{version >> 16 & 255}.{version >> 8 & 255}"


def _install_uv(root: Path, folder: Path) -> None:
    """Have uv by its own lines of the lock, hashes included, so that its version stands nowhere else."""
    lock = (root / MAIN.locks["run"][0]).read_text()
    lines = re.search(r"^uv==(\S+).*\n(?: .*\n)*", lock, re.MULTILINE)
    if lines is None:
        raise CannotInstall(f"{MAIN.locks['run'][0]} has no uv, which installs everything else: make lock")
    if _uv_version(folder) == lines[1]:
        return
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write(lines[0])
        file.flush()
        python = folder / "bin" / "python"
        options = ["-qq", "--disable-pip-version-check", "--require-hashes", "--no-deps"]
        if _run([python, "-I", "-m", "pip", "install", *options, "-r", file.name]):
            raise CannotInstall("pip could not install uv, which installs everything else; why stands above")


def _uv_version(folder: Path) -> str | None:
    return next(iter(_ask([_uv(folder), "--version"]).split()[1:]), None)


def _uv(folder: Path) -> Path:
    return folder / "bin" / "uv"


def _beside_environment(root: Path, kind: Kind, main: Stamp) -> Stamp:
    folder = root / kind.folder
    if kept := _usable(folder):
        return kept
    uv, python = _uv(Path(main.folder)), Path(main.folder, "bin", "python")
    if _run([uv, "venv", "--quiet", "--no-project", "--clear", "--python", python, folder]):
        raise CannotInstall(f"{kind.folder} could not be made; why stands above")
    stamp = Stamp(str(folder), main.python)
    stamp.write()
    return stamp


def _fill(root: Path, kind: Kind, stamp: Stamp, name: str) -> None:
    holds = _larger(kind, stamp.holds, name)
    locks = kind.locks[holds]
    digest = _digest(root, locks)
    if (stamp.holds, stamp.locks) == (holds, digest):
        return
    _say(f"Installing the packages of {' '.join(locks)}")
    # Cut off in the middle, it is not taken for complete, and is not made anew either.
    Stamp(stamp.folder, stamp.python, holds).write()
    uv, python = _uv(root / MAIN.folder), Path(stamp.folder, "bin", "python")
    files = [root / lock for lock in locks]
    if _run([uv, "pip", "sync", "--python", python, "--require-hashes", *files]):
        raise CannotInstall(f"The packages of {' '.join(locks)} could not be installed; why stands above")
    Stamp(stamp.folder, stamp.python, holds, digest).write()


def _ask(command: Sequence[str | Path]) -> str:
    """What a command prints; nothing where it cannot be run or fails."""
    try:
        done = subprocess.run(  # noqa: S603 - a Python or uv
            command, capture_output=True, text=True, check=True, timeout=60
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout


def _run(command: Sequence[str | Path]) -> int:
    """The exit code of a command, which says what it does. Raises `CannotInstall` when it does not end."""
    try:
        return subprocess.run(command, check=False, timeout=SECONDS).returncode  # noqa: S603 - a Python or uv
    except subprocess.TimeoutExpired as error:
        raise CannotInstall(f"{Path(command[0]).name} took over {SECONDS} s; is the index there?") from error


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """Two commands in two terminals do not install into the same folder at once: the second waits."""
    descriptor = os.open(root, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> int:
    """Install what the command line asks for. Returns 0, or 1 and says why."""
    parser = argparse.ArgumentParser(description="Make an environment of this checkout.")
    parser.add_argument("name", choices=SETS, metavar="SET", help=", ".join(SETS))
    parser.add_argument("pythons", nargs="*", metavar="PYTHON", default=["python3"])
    options = parser.parse_args()
    try:
        install(options.name, options.pythons)
    except CannotInstall as reason:
        _say(str(reason))
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
