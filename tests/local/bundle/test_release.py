"""The files of a release."""

import hashlib
import json
import zipfile
from pathlib import Path

import pytest

from functions.core import __version__
from functions.local.bundle.recipe import BundleRefused
from functions.local.bundle.release import write_release
from tests.local.bundle.bundles import write

TAG = f"v{__version__}"


@pytest.fixture
def bundles(tmp_path: Path) -> dict[str, Path]:
    """The bundle of a function that needs no package, in a repository of its own."""
    write(tmp_path / "root", {"functions/fake/requirements.txt": "# by make lock\n"})
    return {"fake": write(tmp_path / "bundle", {"functions/fake/handler.py": "handler = print\n"})}


def test_a_release_has_each_bundle_its_bill_and_the_checksums(
    tmp_path: Path, bundles: dict[str, Path]
) -> None:
    for architecture in ("x86_64", "arm64"):
        write_release(TAG, bundles, tmp_path / "root", architecture, tmp_path / "release")
    files = {path.name: path for path in (tmp_path / "release").iterdir()}
    stem = f"lifeboat-fake-{__version__}"
    assert {*files} == {
        name
        for architecture in ("x86_64", "arm64")
        for name in (
            f"{stem}-{architecture}.zip",
            f"{stem}-{architecture}.cdx.json",
            f"SHA256SUMS-{architecture}",
        )
    }
    with zipfile.ZipFile(files[f"{stem}-arm64.zip"]) as bundle:
        assert bundle.namelist() == ["functions/fake/handler.py"]
    assert json.loads(files[f"{stem}-arm64.cdx.json"].read_text())["bomFormat"] == "CycloneDX"
    for line in files["SHA256SUMS-arm64"].read_text().splitlines():
        digest, name = line.split()
        assert hashlib.sha256(files[name].read_bytes()).hexdigest() == digest


def test_equal_bundles_make_equal_zips(tmp_path: Path, bundles: dict[str, Path]) -> None:
    made = []
    for time in (1, 2):
        for path in bundles["fake"].rglob("*.py"):
            path.touch()
        folder = tmp_path / f"release-{time}"
        write_release(TAG, bundles, tmp_path / "root", "x86_64", folder)
        made.append(next(folder.glob("*.zip")).read_bytes())
    assert made[0] == made[1]


@pytest.mark.parametrize("tag", ["v9.9.9", __version__, "latest"])
def test_a_tag_of_another_version_is_refused_and_nothing_is_written(
    tag: str, tmp_path: Path, bundles: dict[str, Path]
) -> None:
    with pytest.raises(BundleRefused, match=f"functions/core/__init__.py says {__version__}"):
        write_release(tag, bundles, tmp_path / "root", "x86_64", tmp_path / "release")
    assert not (tmp_path / "release").exists()


def test_a_bundle_without_a_right_bill_leaves_nothing_behind(
    tmp_path: Path, bundles: dict[str, Path]
) -> None:
    lock = "numpy==2.0 \\\n    --hash=sha256:" + 64 * "0" + "\n"
    write(tmp_path / "root", {"functions/fake/requirements.txt": lock})
    with pytest.raises(BundleRefused, match="not what its lock says: numpy"):
        write_release(TAG, bundles, tmp_path / "root", "x86_64", tmp_path / "release")
    assert [*(tmp_path / "release").iterdir()] == []
