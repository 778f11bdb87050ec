"""The files of a release: each bundle as a zip, its bill of materials, and their checksums."""

import hashlib
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

from functions.core import __version__
from functions.local.bundle.bill_of_materials import write_bills
from functions.local.bundle.recipe import BundleRefused

# The time of every file, as a zip has it: equal bundles make equal zips.
_TIME = (2000, 1, 1, 0, 0, 0)


def write_release(
    tag: str, bundles: Mapping[str, Path], root: Path, architecture: str, folder: Path
) -> list[Path]:
    """Write the files of the release `tag` for one architecture into `folder`. Returns them.

    bundles: by the names of the functions' folders. Raises `BundleRefused` for a tag of another version, and
    for a bundle that is not what its lock says.
    """
    if tag != f"v{__version__}":
        raise BundleRefused(
            f"the tag is {tag!r}, and functions/core/__init__.py says {__version__}: tag v{__version__}"
        )
    folder.mkdir(parents=True, exist_ok=True)
    # Beside the folder, so that it holds what is complete.
    with tempfile.TemporaryDirectory(dir=folder.parent) as begun:
        bills = write_bills(bundles, root, architecture, Path(begun))
        for (name, bundle), bill in zip(bundles.items(), bills, strict=True):
            stem = f"lifeboat-{name}-{__version__}-{architecture}"
            _zip(bundle, Path(begun) / f"{stem}.zip")
            bill.rename(bill.with_name(f"{stem}.cdx.json"))
        files = sorted(Path(begun).iterdir())
        sums = "".join(f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files)
        checksums = Path(begun) / f"SHA256SUMS-{architecture}"
        checksums.write_text(sums, encoding="utf-8")
        return [Path(shutil.move(file, folder / file.name)) for file in [*files, checksums]]


def _zip(bundle: Path, path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for source in sorted(bundle.rglob("*")):
            if source.is_file():
                entry = zipfile.ZipInfo(str(source.relative_to(bundle)), _TIME)
                # Readable by the user whom Lambda runs as.
                entry.external_attr = 0o644 << 16
                entry.compress_type = zipfile.ZIP_DEFLATED
                file.writestr(entry, source.read_bytes())
