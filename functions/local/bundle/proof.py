"""What must hold of a finished bundle: complete, nothing forbidden in it, and its handler can be imported."""

import platform
import sys
from collections.abc import Collection, Mapping
from pathlib import Path

from functions.core.base.imports import Needs
from functions.local.bundle.python import run
from functions.local.bundle.recipe import BundleRefused, Limits

_MACHINES = {"x86_64": "x86_64", "arm64": "aarch64"}

# With -I and -S, only the bundle and the standard library are on the path.
_IMPORT = """
import importlib, sys
folder, module, attribute, *others = sys.argv[1:]
sys.path.insert(0, folder)
getattr(importlib.import_module(module), attribute)
for module in others:
    importlib.import_module(module)
"""


def refuse_missing(folder: Path, needs: Needs, dispensable: Collection[str]) -> None:
    """Raise `BundleRefused` when the sources name a package that is neither in `folder` nor `dispensable`:
    there anyway, or asked for by code that does without it."""
    for package, importer in needs.packages.items():
        if package in sys.stdlib_module_names or package in dispensable:
            continue
        if not (folder / package).is_dir() and not any(folder.glob(f"{package}.*")):
            raise BundleRefused(
                f"{importer} imports {package}, which the function's requirements.txt does not bring"
            )


def refuse_forbidden(folder: Path, limits: Limits) -> None:
    """Raise `BundleRefused` when something in `folder` matches a forbidden glob."""
    for glob in limits.forbidden:
        if forbidden := next(folder.glob(glob), None):
            raise BundleRefused(
                f"{forbidden.relative_to(folder)} is in the bundle, where {glob} is forbidden"
            )


def reason_not_to_import(python: Path | None, version: str, architecture: str) -> str | None:
    """Why a bundle for `architecture` cannot be imported on this machine; None if it can."""
    if python is None:
        return f"there is no Python {version} here"
    if (platform.system(), platform.machine()) != ("Linux", _MACHINES.get(architecture)):
        return f"it is for Linux on {architecture}, this is {platform.system()} on {platform.machine()}"
    return None


def import_all(
    folder: Path,
    handler: str,
    needs: Needs,
    python: Path,
    environment: Mapping[str, str],
    *,
    besides: Collection[str] = (),
) -> None:
    """Import `handler` ("package.module.name"), then every module of ours that it may import later, in a new
    process that sees only `folder` and `environment`. besides: modules that are imported after these.

    Raises `BundleRefused` when that fails, and when it writes into the bundle: a module without byte-code, or
    one that does work at import, and Lambda's folder is read-only.
    """
    module, _, attribute = handler.rpartition(".")
    before = set(folder.rglob("*"))
    others = [".".join(file.with_suffix("").parts).removesuffix(".__init__") for file in needs.files]
    named: list[str | Path] = [folder, module, attribute, *others, *besides]
    process = run([python, "-I", "-S", "-c", _IMPORT, *named], environment)
    if process.returncode:
        raise BundleRefused(f"{handler} cannot be imported from the bundle:\n{process.stderr}")
    if written := sorted(set(folder.rglob("*")) - before):
        raise BundleRefused(f"importing {handler} wrote {written[0].relative_to(folder)} into the bundle")
