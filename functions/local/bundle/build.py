"""Builds the bundle of one function: wheels, sources, byte-code, then the proofs."""

import gzip
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from functions.core.base.imports import PROJECT, UnknownModule, trace
from functions.local.bundle.proof import (
    import_all,
    reason_not_to_import,
    refuse_forbidden,
    refuse_missing,
)
from functions.local.bundle.python import run
from functions.local.bundle.recipe import BundleRefused, Contents, Recipe
from functions.local.platform.template import Function

# Lambda's runtime, as template.yaml names it.
RUNTIME = "3.13"
# What template.yaml calls an architecture, as uv names the platform. Lambda's python3.13 runs on Amazon Linux
# 2023, which has glibc 2.34.
PLATFORMS = {"x86_64": "x86_64-manylinux_2_28", "arm64": "aarch64-manylinux_2_28"}
# Where Lambda unpacks a bundle: what tracebacks name.
TASK_ROOT = "/var/task"
# The time of every file, 2000-01-01 in UTC: equal inputs make equal zip files.
_TIME = 946_684_800


@dataclass(frozen=True, slots=True)
class Target:
    """An architecture, as template.yaml calls it, and a Python of the runtime's version, if one is here."""

    architecture: str
    python: Path | None


def build(root: Path, function: Function, recipe: Recipe, target: Target, folder: Path) -> None:
    """Build `function` of the repository at `root` into `folder`, which must be empty or not there yet.

    The same inputs give the same bytes, so that nothing unchanged is deployed again. Without a Python of the
    runtime's version the bundle holds sources instead of byte-code, and is not imported.
    Raises `BundleRefused`.
    """
    root, folder = root.absolute(), folder.absolute()
    if folder.exists() and any(folder.iterdir()):
        raise BundleRefused(f"{folder} is not empty: name an empty folder, or a new one")
    module = function.handler.rpartition(".")[0]
    home = Path(*module.split(".")).parent
    limits = recipe.limits(home.name)
    try:
        needs = trace(root, module)
    except UnknownModule as error:
        raise BundleRefused(str(error)) from error
    install(root / home / "requirements.txt", folder, RUNTIME, target.architecture)
    slim(folder, recipe.bundle)
    for file in needs.files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / file, folder / file)
    # What a function serves as it stands.
    if (root / home / "static").is_dir():
        shutil.copytree(root / home / "static", folder / home / "static")
    for name in limits.files:
        shutil.copyfile(root / name, folder / name)
    refuse_missing(folder, needs, recipe.bundle.provided | recipe.bundle.optional)
    refuse_forbidden(folder, limits)
    if target.python:
        compile_bundle(folder, target.python)
        if not reason_not_to_import(target.python, RUNTIME, target.architecture):
            import_all(
                folder, function.handler, needs, target.python, function.environment, besides=limits.imports
            )
    _settle(folder)


def install(lock: Path, folder: Path, python: str, architecture: str) -> None:
    """Unpack the wheels that `lock` names, hashes checked, for `python` ("3.13") on `architecture`.

    Raises `BundleRefused` for an unknown architecture, and with uv's words when a wheel cannot be had.
    """
    if architecture not in PLATFORMS:
        raise BundleRefused(f"ARCHITECTURE is {architecture!r}; Lambda knows {' and '.join(PLATFORMS)}")
    command: list[str | Path] = [
        sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", sys.executable,
        "--python-version", python, "--python-platform", PLATFORMS[architecture],
        "--only-binary", ":all:", "--no-deps", "--require-hashes", "--no-compile-bytecode",
        # Copied: a link would let what is done to the bundle reach into uv's cache.
        "--link-mode", "copy", "--target", folder, "--requirements", lock,
    ]  # fmt: skip
    uv = run(command)
    if uv.returncode:
        raise BundleRefused(f"the wheels of {lock} could not be installed for {architecture}:\n{uv.stderr}")


def slim(folder: Path, contents: Contents) -> None:
    """Remove what the globs of `contents` leave out, save what they keep, and compress what is read so."""
    unused = [
        glob
        for glob, packages in contents.used_by.items()
        if not any((folder / package).exists() for package in packages)
    ]
    kept = {path for glob in contents.keep for path in folder.glob(glob)}
    for glob in [*contents.omit, *unused]:
        for path in set(folder.glob(glob)) - kept:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
    for glob in contents.compress:
        for path in sorted(folder.glob(glob)):
            # Without a time in it: equal inputs make equal bytes.
            path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes(), mtime=0))
            path.unlink()


def compile_bundle(folder: Path, python: Path) -> None:
    """Compile all of `folder` with `python`, never to be checked against the sources again.

    Lambda's code folder is read-only: Python could not keep there what it compiles itself.
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


def _settle(folder: Path) -> None:
    """Give every file and folder the same time, and modes that do not depend on who builds."""
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
        os.utime(path, (_TIME, _TIME))
