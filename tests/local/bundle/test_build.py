"""Bundles are complete, slim and the same each time; what is missing for one is said in words."""

import gzip
import os
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from functions.core.base.imports import trace
from functions.local.bundle.build import RUNTIME, Target, build, install, slim
from functions.local.bundle.recipe import BundleRefused, Contents, Limits, read_recipe
from functions.local.platform.template import read_template
from functions.local.process.child import ROOT
from tests.local.bundle.bundles import (
    FAKE,
    HERE,
    REPOSITORY,
    built_for_this_python,
    contents_of,
    recipe,
    write,
)
from tests.support.declared import DOCUMENT, EVERYTHING


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return write(tmp_path / "repository", REPOSITORY)


@built_for_this_python
def test_a_bundle_holds_what_the_handler_imports_and_nothing_else(repository: Path, tmp_path: Path) -> None:
    folder = tmp_path / "bundle"
    build(repository, FAKE, recipe(), Target("x86_64", None), folder)
    assert set(contents_of(folder)) == {
        "functions/__init__.py",
        "functions/core/__init__.py",
        "functions/core/greeting.py",
        "functions/fake/__init__.py",
        "functions/fake/handler.py",
    }


@built_for_this_python
def test_a_bundle_holds_what_its_function_serves(repository: Path, tmp_path: Path) -> None:
    write(repository, {"openapi.json": "{}", "functions/fake/static/app.js": "1"})
    limits = Limits(unzipped=1, zipped=1, files=("openapi.json",))
    build(repository, FAKE, recipe(limits), Target("x86_64", None), tmp_path / "bundle")
    assert {"openapi.json", "functions/fake/static/app.js"} <= set(contents_of(tmp_path / "bundle"))


@built_for_this_python
def test_the_same_inputs_give_the_same_bytes_times_and_modes(repository: Path, tmp_path: Path) -> None:
    built = []
    for name, umask in (("one", 0o022), ("another", 0o077)):
        before = os.umask(umask)
        try:
            build(repository, FAKE, recipe(), HERE, tmp_path / name)
        finally:
            os.umask(before)
        built.append(contents_of(tmp_path / name))
        for source in repository.rglob("*.py"):
            os.utime(source, (0, 0))
    assert built[0] == built[1]
    assert any(name.endswith(".pyc") for name in built[0])


def test_a_bundle_is_not_built_into_a_folder_in_use(repository: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleRefused, match="is not empty"):
        build(repository, FAKE, recipe(), HERE, tmp_path)


def test_a_handler_that_imports_what_is_not_there_is_refused(repository: Path, tmp_path: Path) -> None:
    write(repository, {"functions/fake/handler.py": "import functions.gone\n"})
    with pytest.raises(BundleRefused, match=r"functions/fake/handler.py imports functions.gone"):
        build(repository, FAKE, recipe(), HERE, tmp_path / "bundle")


def test_globs_leave_out_files_and_folders_but_not_what_is_kept(tmp_path: Path) -> None:
    write(tmp_path, {"p/a.h": "", "p/tests/t.py": "", "data/s3/x": "", "data/ec2/x": "", "data/all.json": ""})
    slim(tmp_path, Contents(omit=("**/*.h", "**/tests", "data/*/"), keep=("data/s3",)))
    assert set(contents_of(tmp_path)) == {"data/s3/x", "data/all.json"}


def test_what_only_another_package_uses_goes_where_that_one_is_not(tmp_path: Path) -> None:
    contents = Contents(used_by={"numpy/ma": ("scipy", "sklearn"), "unused": ()})
    files = {"numpy/core.py": "", "numpy/ma/a.py": "", "unused/u.py": ""}
    slim(write(tmp_path / "without", files), contents)
    assert set(contents_of(tmp_path / "without")) == {"numpy/core.py"}
    slim(write(tmp_path / "with", files | {"scipy/s.py": ""}), contents)
    assert set(contents_of(tmp_path / "with")) == {"numpy/core.py", "numpy/ma/a.py", "scipy/s.py"}


def test_what_is_compressed_has_the_same_bytes_each_time(tmp_path: Path) -> None:
    for name in ("one", "another"):
        slim(write(tmp_path / name, {"data/list.json": "[1, 2]"}), Contents(compress=("data/*.json",)))
    assert [path.name for path in (tmp_path / "one" / "data").iterdir()] == ["list.json.gz"]
    one, another = ((tmp_path / name / "data" / "list.json.gz").read_bytes() for name in ("one", "another"))
    assert gzip.decompress(one) == b"[1, 2]"
    assert one == another


def test_wheels_that_cannot_be_had_are_refused_with_the_installers_words(tmp_path: Path) -> None:
    lock = write(tmp_path, {"lock.txt": "anything==1.0\n"}) / "lock.txt"
    with pytest.raises(BundleRefused, match=r"(?s)could not be installed for x86_64.*hash"):
        install(lock, tmp_path / "bundle", RUNTIME, "x86_64")


def test_an_unknown_architecture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleRefused, match="ARCHITECTURE is 'riscv'; Lambda knows x86_64 and arm64"):
        install(tmp_path / "lock.txt", tmp_path, RUNTIME, "riscv")


# ---- The project's own


def test_every_function_of_the_template_has_a_budget_and_a_lock_of_all_that_it_imports() -> None:
    """The build refuses a package that is missing, too, minutes later."""
    own = read_recipe(ROOT / "pyproject.toml")
    there_anyway = sys.stdlib_module_names | own.bundle.provided | own.bundle.optional
    brought_by = packages_distributions()
    for function in read_template(ROOT / "template.yaml", **EVERYTHING).functions.values():
        home = ROOT.joinpath(*function.handler.split(".")[:-2])
        assert own.limits(home.name).unzipped <= 250
        locked = set(re.findall(r"^([a-z0-9-]+)==", (home / "requirements.txt").read_text(), re.MULTILINE))
        needs = trace(ROOT, function.handler.rpartition(".")[0])
        assert needs.files
        for package in needs.packages.keys() - there_anyway:
            names = {re.sub(r"[._]", "-", name.lower()) for name in brought_by.get(package, ())}
            assert names & locked, f"{needs.packages[package]} imports {package}, which {home.name} lacks"


def test_a_function_without_a_budget_is_refused() -> None:
    with pytest.raises(BundleRefused, match=r"has no \[tool.lifeboat.bundles.new\]: say what"):
        recipe().limits("new")


def test_bundles_are_built_for_the_runtime_that_the_template_names() -> None:
    assert DOCUMENT["Globals"]["Function"]["Runtime"] == f"python{RUNTIME}"


def test_the_retrain_bundle_takes_the_code_but_not_the_data_of_training() -> None:
    files = {str(file) for file in trace(ROOT, "functions.retrain.handler").files}
    assert {"training/model/train.py", "functions/core/storage/s3.py"} <= files
    others = ("training/data/", "functions/predict/", "functions/local/")
    assert not any(file.startswith(others) for file in files)
