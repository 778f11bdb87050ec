"""Builds the bundle of one function: wheels, sources, byte-code, then the proofs."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from functions.local.bundle.bytecode import compile_bundle
from functions.local.bundle.errors import BundleRefused
from functions.local.bundle.imports import trace
from functions.local.bundle.proof import (
    import_handler,
    reason_not_to_import,
    refuse_forbidden,
    refuse_missing,
)
from functions.local.bundle.recipe import Recipe
from functions.local.bundle.wheels import install, slim
from functions.local.template import Function

# Lambda's runtime, as template.yaml names it.
RUNTIME = "3.13"
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
    needs = trace(root, module)
    install(root / home / "requirements.txt", folder, RUNTIME, target.architecture)
    slim(folder, recipe.bundle)
    for file in needs.files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / file, folder / file)
    refuse_missing(folder, needs, recipe.bundle.provided)
    refuse_forbidden(folder, limits)
    if target.python:
        compile_bundle(folder, target.python)
        if not reason_not_to_import(target.python, RUNTIME, target.architecture):
            import_handler(folder, function.handler, target.python, function.environment)
    _settle(folder)


def _settle(folder: Path) -> None:
    """Give every file and folder the same time, and modes that do not depend on who builds."""
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
        os.utime(path, (_TIME, _TIME))
