"""The proof of a bundle: what its handler imports is there, and it can be imported."""

import platform
from pathlib import Path

import pytest

from functions.core.base.imports import trace
from functions.local.bundle.build import build
from functions.local.bundle.proof import import_all, reason_not_to_import, refuse_missing
from functions.local.bundle.recipe import BundleRefused, Contents, Limits
from tests.local.bundle.bundles import (
    FAKE,
    HERE,
    REPOSITORY,
    THIS_PYTHON,
    built_for_this_python,
    recipe,
    write,
)

on_linux = pytest.mark.skipif(platform.system() != "Linux", reason="bundles are imported only on Linux")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return write(tmp_path / "repository", REPOSITORY)


def test_a_package_that_the_lock_does_not_bring_is_refused_even_if_imported_late(
    repository: Path, tmp_path: Path
) -> None:
    write(repository, {"functions/core/greeting.py": "import json, os.path, provided_by_lambda, scipy\n"})
    contents = Contents(provided=frozenset({"provided_by_lambda"}))
    with pytest.raises(BundleRefused, match=r"functions/core/greeting.py imports scipy, which"):
        build(repository, FAKE, recipe(contents=contents), HERE, tmp_path / "bundle")


def test_a_package_that_the_code_does_without_may_be_missing(repository: Path, tmp_path: Path) -> None:
    asked = "try:\n    import scipy\nexcept ImportError:\n    scipy = None\n"
    write(repository, {"functions/core/greeting.py": asked})
    contents = Contents(optional=frozenset({"scipy"}))
    build(repository, FAKE, recipe(contents=contents), HERE, tmp_path / "bundle")
    assert (tmp_path / "bundle" / "functions" / "core").is_dir()


@pytest.mark.parametrize("name", ["scipy/__init__.pyc", "scipy.py", "scipy.cpython-313-x86_64-linux-gnu.so"])
def test_a_package_in_the_bundle_is_found_in_each_of_its_forms(
    name: str, repository: Path, tmp_path: Path
) -> None:
    write(repository, {"functions/core/greeting.py": "import scipy\n"})
    refuse_missing(write(tmp_path / "bundle", {name: ""}), trace(repository, "functions.fake.handler"), ())


def test_what_is_forbidden_is_refused(repository: Path, tmp_path: Path) -> None:
    limits = Limits(unzipped=1, zipped=1, forbidden=("sklearn", "**/greeting.*"))
    with pytest.raises(BundleRefused, match=r"functions/core/greeting.py is in the bundle, where \*\*/greet"):
        build(repository, FAKE, recipe(limits), HERE, tmp_path / "bundle")


@on_linux
@built_for_this_python
def test_a_handler_that_cannot_be_imported_is_refused(repository: Path, tmp_path: Path) -> None:
    write(repository, {"functions/fake/handler.py": "raise RuntimeError('no such luck')\n"})
    with pytest.raises(BundleRefused, match=r"(?s)cannot be imported from the bundle:.*no such luck"):
        build(repository, FAKE, recipe(), HERE, tmp_path / "bundle")


@on_linux
@built_for_this_python
def test_a_module_that_is_imported_late_and_cannot_be_is_refused(repository: Path, tmp_path: Path) -> None:
    # The package is there, a part of it is not.
    write(repository, {"functions/core/greeting.py": "import xml.left_out\n"})
    with pytest.raises(BundleRefused, match=r"(?s)cannot be imported.*No module named 'xml.left_out'"):
        build(repository, FAKE, recipe(), HERE, tmp_path / "bundle")


@on_linux
@built_for_this_python
def test_a_module_without_a_handler_is_refused(repository: Path, tmp_path: Path) -> None:
    write(repository, {"functions/fake/handler.py": ""})
    with pytest.raises(BundleRefused, match=r"(?s)cannot be imported.*no attribute 'handler'"):
        build(repository, FAKE, recipe(), HERE, tmp_path / "bundle")


@on_linux
@built_for_this_python
def test_the_import_sees_the_environment_of_the_template_and_no_other_package(
    repository: Path, tmp_path: Path
) -> None:
    write(
        repository,
        {
            "functions/fake/handler.py": (
                "import importlib.util, os\n"
                "assert os.environ['GREETING'] == 'hello' and 'HOME' not in os.environ\n"
                "assert importlib.util.find_spec('pydantic') is None\n"
                "handler = print\n"
            )
        },
    )
    build(repository, FAKE, recipe(), HERE, tmp_path / "bundle")


@on_linux
@built_for_this_python
def test_a_module_that_is_imported_late_has_to_be_there_where_the_recipe_says_so(
    repository: Path, tmp_path: Path
) -> None:
    there = Limits(unzipped=1, zipped=1, imports=("functions.core.greeting",))
    build(repository, FAKE, recipe(there), HERE, tmp_path / "bundle")
    lacking = Limits(unzipped=1, zipped=1, imports=("functions.core.greeting", "slimmed.away"))
    with pytest.raises(BundleRefused, match=r"(?s)cannot be imported from the bundle:.*slimmed"):
        build(repository, FAKE, recipe(lacking), HERE, tmp_path / "other")


def test_an_import_that_writes_into_the_bundle_is_refused(repository: Path) -> None:
    # Without byte-code, Python writes it at the first import.
    with pytest.raises(BundleRefused, match=r"importing .* wrote functions/__pycache__ into the bundle"):
        import_all(repository, FAKE.handler, trace(repository, "functions.fake.handler"), THIS_PYTHON, {})


def test_a_bundle_that_cannot_run_here_is_not_imported() -> None:
    assert reason_not_to_import(None, "3.13", "x86_64") == "there is no Python 3.13 here"
    other = "arm64" if platform.machine() == "x86_64" else "x86_64"
    assert f"Linux on {other}" in str(reason_not_to_import(THIS_PYTHON, "3.13", other))
