"""Byte-code, made at build time: Lambda's code folder is read-only, so Python could not keep it there."""

from pathlib import Path

from functions.local.bundle.errors import BundleRefused
from functions.local.bundle.imports import PROJECT
from functions.local.bundle.process import run

# Where Lambda unpacks a bundle: what tracebacks name.
TASK_ROOT = "/var/task"


def compile_bundle(folder: Path, python: Path) -> None:
    """Compile all of `folder` with `python`, never to be checked against the sources again.

    The project's sources stay beside their byte-code: tracebacks show their lines, and a model's version is a
    hash of them. Byte-code takes the place of everybody else's sources; both together would pass the budgets.
    Raises `BundleRefused` when the compiler fails.
    """
    own = [folder / name for name in PROJECT if (folder / name).is_dir()]
    others = [path for path in sorted(folder.iterdir()) if path not in own]
    _compile(folder, python, own)
    _compile(folder, python, others, "-b")
    for path in others:
        for source in path.rglob("*.py") if path.is_dir() else [path]:
            # A wheel may hold a file that is no Python of this version, such as a template: it stays.
            if source.suffix == ".py" and source.with_suffix(".pyc").exists():
                source.unlink()


def _compile(folder: Path, python: Path, paths: list[Path], *options: str) -> None:
    command: list[str | Path] = [
        python, "-P", "-S", "-W", "ignore", "-m", "compileall", "-q", *options,
        "--invalidation-mode", "unchecked-hash", "-s", folder, "-p", TASK_ROOT, *paths,
    ]  # fmt: skip
    # Equal bytes each time: a set among the constants is written in the order of its hashes, and what a
    # process has compiled before shows in the references, so one process compiles all, in order.
    compiler = run(command, {"PYTHONHASHSEED": "0"})
    if compiler.stderr:
        raise BundleRefused(f"{python} could not compile the bundle:\n{compiler.stderr}")
