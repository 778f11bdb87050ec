"""Bills of materials: what a bundle holds, in a form that others read."""

import json
import shutil
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from functions.core import __version__
from functions.local.bundle import __main__ as command_line
from functions.local.bundle.bill_of_materials import as_text, bill, write_bills
from functions.local.bundle.lock import normal_name, read_lock
from functions.local.bundle.recipe import BundleRefused

ROOT = Path(__file__).parents[3]
LOCKS = sorted((ROOT / "functions").glob("*/requirements.txt"))


def unpacked(lock: Path, folder: Path) -> Path:
    """A folder with what a bundle has of the packages of `lock` that a bill is made from: their own words.

    They are those of this environment, which has the same versions.
    """
    (folder / "functions").mkdir(parents=True)
    (folder / "functions" / "__init__.py").touch()
    for package in read_lock(lock).values():
        words = distribution(package.name).read_text("METADATA")
        assert words is not None
        home = folder / f"{package.name.replace('-', '_')}-{package.version}.dist-info"
        home.mkdir()
        (home / "METADATA").write_text(words, encoding="utf-8")
    return folder


@pytest.fixture(params=LOCKS, ids=[lock.parent.name for lock in LOCKS])
def lock(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


@pytest.fixture
def written(lock: Path, tmp_path: Path) -> Any:
    name = lock.parent.name
    bundles = {name: unpacked(lock, tmp_path / "bundle")}
    [path] = write_bills(bundles, ROOT, "x86_64", tmp_path / "sbom")
    assert path.name == f"{name}.cdx.json"
    said: Any = json.loads(path.read_text(encoding="utf-8"))
    return said


def test_a_bill_fits_the_schema_and_lists_the_packages_of_the_lock(lock: Path, written: Any) -> None:
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(written)) is None
    assert written["bomFormat"] == "CycloneDX"
    whole = written["metadata"]["component"]
    assert (whole["name"], whole["version"]) == (f"lifeboat-{lock.parent.name}", __version__)
    listed = {(one["name"], one["version"], one["purl"]) for one in written.get("components", [])}
    assert listed == {
        (one.name, one.version, f"pkg:pypi/{normal_name(one.name)}@{one.version}")
        for one in read_lock(lock).values()
    }


def test_every_package_has_a_license_its_hashes_and_who_requires_it(lock: Path, written: Any) -> None:
    required = {name for one in written["dependencies"] for name in one.get("dependsOn", [])}
    for package in written.get("components", []):
        assert package["licenses"], package["name"]
        [files] = package["externalReferences"]
        assert {one["alg"] for one in files["hashes"]} == {"SHA-256"}
        assert len(files["hashes"]) == len(read_lock(lock)[normal_name(package["name"])].sha256) > 0
        assert package["bom-ref"] in required


def test_a_bill_says_what_requires_what(tmp_path: Path) -> None:
    lock = ROOT / "functions" / "predict" / "requirements.txt"
    said = json.loads(as_text(bill("predict", unpacked(lock, tmp_path / "bundle"), lock, "arm64")))
    requires = {one["ref"].split("@")[0]: one.get("dependsOn", []) for one in said["dependencies"]}
    assert {name.split("@")[0] for name in requires["lifeboat-predict"]} == {
        f"pkg:pypi/{name}"
        for name in ("boto3", "fastapi", "mangum", "numpy", "onnxruntime", "orjson", "pydantic")
    }
    assert "pkg:pypi/starlette" in {name.split("@")[0] for name in requires["pkg:pypi/fastapi"]}
    assert said["metadata"]["component"]["properties"] == [
        {"name": "lifeboat:architecture", "value": "arm64"}
    ]


def test_a_bundle_that_is_not_what_its_lock_says_has_no_bill(tmp_path: Path) -> None:
    lock = ROOT / "functions" / "authorize" / "requirements.txt"
    bundle = unpacked(lock, tmp_path / "bundle")
    [gone] = bundle.glob("pyjwt-*")
    shutil.rmtree(gone)
    with pytest.raises(BundleRefused, match="the bundle of authorize is not what its lock says: pyjwt"):
        write_bills({"authorize": bundle}, ROOT, "x86_64", tmp_path / "sbom")
    assert not (tmp_path / "sbom").exists()


def test_where_nothing_was_built_there_is_no_bill(tmp_path: Path) -> None:
    lock = ROOT / "functions" / "pages" / "requirements.txt"
    (tmp_path / "bundle").mkdir()
    with pytest.raises(BundleRefused, match="holds no bundle; `make build` makes one"):
        bill("pages", tmp_path / "bundle", lock, "x86_64")


@pytest.mark.parametrize("line", ["numpy>=2", "    --find-links elsewhere"])
def test_a_line_that_make_lock_does_not_write_is_refused(line: str, tmp_path: Path) -> None:
    lock = tmp_path / "requirements.txt"
    lock.write_text(f"boto3==1.0 \\\n    # via\n{line}\n")
    with pytest.raises(BundleRefused, match="line 3"):
        read_lock(lock)
    lock.write_text(line)
    with pytest.raises(BundleRefused, match="line 1"):
        read_lock(lock)


def test_the_command_line_says_why_there_is_no_bill(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command_line.main(["sbom", str(tmp_path), str(tmp_path / "sbom")]) == 1
    assert "holds no bundle" in capsys.readouterr().err
