"""Reads a lock file of one platform, as `make lock` writes it for a function."""

import re
from dataclasses import dataclass
from pathlib import Path

from functions.local.bundle.recipe import BundleRefused

_LINE = re.compile(r"^([\w.-]+)==([\w.!+-]+)(?: \\)?$")
_HASH = re.compile(r"^    --hash=sha256:([0-9a-f]{64})(?: \\)?$")
# Who requires a package: one in the same line, or several below. What limits it (-c) is no requirement.
_VIA = re.compile(r"^    # via (\S.*)$|^    #   (\S.*)$")


@dataclass(frozen=True, slots=True)
class Locked:
    """A package of a lock. sha256: of its files, of which one is installed; required_by: names of packages,
    or of the project, as the lock has them."""

    name: str
    version: str
    sha256: tuple[str, ...]
    required_by: tuple[str, ...]


def read_lock(path: Path) -> dict[str, Locked]:
    """The packages of the lock at `path`, by their normal names.

    Raises `BundleRefused` for a line of another kind.
    """
    packages: dict[str, Locked] = {}
    last = ""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if package := _LINE.match(line):
            last = normal_name(package[1])
            packages[last] = Locked(package[1], package[2], (), ())
        elif not line or line.startswith("#") or line == "    # via":
            continue
        elif last:
            packages[last] = _add(packages[last], line, f"{path}, line {number}")
        else:
            raise BundleRefused(f"{path}, line {number}: {line!r} is none that `make lock` writes")
    return packages


def _add(package: Locked, line: str, where: str) -> Locked:
    if digest := _HASH.match(line):
        return Locked(package.name, package.version, (*package.sha256, digest[1]), package.required_by)
    if via := _VIA.match(line):
        name = via[1] or via[2]
        required_by = package.required_by if name.startswith("-c ") else (*package.required_by, name)
        return Locked(package.name, package.version, package.sha256, required_by)
    raise BundleRefused(f"{where}: {line!r} is none that `make lock` writes")


def normal_name(name: str) -> str:
    """A package's name as registries compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()
