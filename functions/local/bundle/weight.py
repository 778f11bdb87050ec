"""What the bundles weigh, against what they may weigh."""

import tempfile
import zipfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from functions.local.bundle.recipe import BundleRefused, Limits

_MIB = 2**20


@dataclass(frozen=True, slots=True)
class Weight:
    """A bundle and its size in MiB: as Lambda unpacks it, and as SAM uploads it."""

    function: str
    unzipped: float
    zipped: float
    limits: Limits

    @property
    def too_heavy(self) -> bool:
        return self.unzipped > self.limits.unzipped or self.zipped > self.limits.zipped


def weigh(folders: Iterable[tuple[str, Path, Limits]]) -> list[Weight]:
    """Weigh the bundle in each folder. Raises `BundleRefused` when one is not there."""
    with ThreadPoolExecutor() as pool:
        return list(pool.map(lambda bundle: _weigh(*bundle), folders))


def _weigh(function: str, folder: Path, limits: Limits) -> Weight:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    if not files:
        raise BundleRefused(f"{folder} holds no bundle; `make build` makes one")
    # SAM's own way to zip, so this is what it uploads.
    with tempfile.TemporaryFile() as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in files:
                archive.write(path, path.relative_to(folder))
        zipped = file.tell()
    return Weight(function, sum(path.stat().st_size for path in files) / _MIB, zipped / _MIB, limits)


def table(weights: Iterable[Weight]) -> str:
    """One line per bundle: the sizes in MiB, each with its budget."""
    head = f"{'function':<20} {'unzipped MiB':>12} {'budget':>7} {'zipped MiB':>11} {'budget':>7}"
    return "\n".join([head, *map(_line, weights)])


def _line(weight: Weight) -> str:
    return (
        f"{weight.function:<20} {weight.unzipped:12.1f} {weight.limits.unzipped:7g} "
        f"{weight.zipped:11.1f} {weight.limits.zipped:7g}{'  OVER' if weight.too_heavy else ''}"
    )
