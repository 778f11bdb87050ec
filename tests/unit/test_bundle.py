"""Bundles are complete, slim, proven and the same each time; what is wrong with one is said in words."""

import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from functions.local.bundle import __main__ as command_line
from functions.local.bundle import build as building
from functions.local.bundle.build import RUNTIME, Target, build
from functions.local.bundle.bytecode import TASK_ROOT, compile_bundle
from functions.local.bundle.errors import BundleRefused
from functions.local.bundle.imports import trace
from functions.local.bundle.proof import import_handler, reason_not_to_import, refuse_missing
from functions.local.bundle.python import find_python
from functions.local.bundle.recipe import Contents, Limits, Recipe, read_recipe
from functions.local.bundle.weight import table, weigh
from functions.local.bundle.wheels import install, slim
from functions.local.child import ROOT
from functions.local.template import Function, _Loader, read_template

THIS_PYTHON = Path(sys.executable)
ENOUGH = Limits(unzipped=1, zipped=1)
HERE = Target("x86_64" if platform.machine() == "x86_64" else "arm64", THIS_PYTHON)
FAKE = Function("FakeFunction", "fake", "functions.fake.handler.handler", {"GREETING": "hello"}, 3, 128, 2)


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository of one function, which needs nothing from elsewhere."""
    return write(
        tmp_path / "repository",
        {
            "functions/__init__.py": "",
            "functions/core/__init__.py": "",
            "functions/core/greeting.py": "WORDS = {'hello', 'ahoy', 'moin', 'salut'}\n",
            "functions/core/unused.py": "import scipy\n",
            "functions/fake/__init__.py": "",
            "functions/fake/requirements.txt": "",
            "functions/fake/handler.py": (
                "def handler(event, context):\n"
                "    from functions.core import greeting\n\n"
                "    return sorted(greeting.WORDS)\n"
            ),
        },
    )


def recipe(limits: Limits = ENOUGH, contents: Contents | None = None) -> Recipe:
    return Recipe(bundle=contents or Contents(omit=(".lock",)), bundles={"fake": limits})


def contents_of(folder: Path) -> dict[str, tuple[bytes, float, int]]:
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime, path.stat().st_mode)
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def _python_of_this_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """Build for the Python of the tests, so that they need no other."""
    monkeypatch.setattr(building, "RUNTIME", f"{sys.version_info[0]}.{sys.version_info[1]}")


on_linux = pytest.mark.skipif(platform.system() != "Linux", reason="bundles are imported only on Linux")
built_for_this_python = pytest.mark.usefixtures("_python_of_this_version")


# ---- What is in it


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


def test_imports_are_followed_wherever_they_stand_except_those_for_types(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        {
            "functions/__init__.py": "",
            "functions/a.py": (
                "import typing\nfrom functions.b import VALUE\n"
                "if typing.TYPE_CHECKING:\n    import mypy_boto3_s3\n"
                "try:\n    import numpy.random\nexcept ImportError:\n    pass\n"
            ),
            "functions/b.py": "VALUE = 1\n\ndef late():\n    import training.c, boto3\n",
            "training/__init__.py": "",
            "training/c.py": "import functions.a\n",
        },
    )
    needs = trace(root, "functions.a")
    assert [str(file) for file in needs.files] == [
        "functions/__init__.py", "functions/a.py", "functions/b.py", "training/__init__.py", "training/c.py",
    ]  # fmt: skip
    assert needs.packages == {
        "typing": Path("functions/a.py"),
        "numpy": Path("functions/a.py"),
        "boto3": Path("functions/b.py"),
    }


def test_an_import_of_a_module_that_is_not_there_is_refused(tmp_path: Path) -> None:
    root = write(tmp_path, {"functions/__init__.py": "", "functions/a.py": "import functions.gone\n"})
    with pytest.raises(BundleRefused, match=r"functions/a.py imports functions.gone, which is no module"):
        trace(root, "functions.a")


def test_globs_leave_out_files_and_folders_but_not_what_is_kept(tmp_path: Path) -> None:
    write(tmp_path, {"p/a.h": "", "p/tests/t.py": "", "data/s3/x": "", "data/ec2/x": "", "data/all.json": ""})
    slim(tmp_path, Contents(omit=("**/*.h", "**/tests", "data/*/"), keep=("data/s3",)))
    assert set(contents_of(tmp_path)) == {"data/s3/x", "data/all.json"}


def test_wheels_that_cannot_be_had_are_refused_with_the_installers_words(tmp_path: Path) -> None:
    lock = write(tmp_path, {"lock.txt": "anything==1.0\n"}) / "lock.txt"
    with pytest.raises(BundleRefused, match=r"(?s)could not be installed for x86_64.*hash"):
        install(lock, tmp_path / "bundle", RUNTIME, "x86_64")


def test_an_unknown_architecture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleRefused, match="ARCHITECTURE is 'riscv'; Lambda knows x86_64 and arm64"):
        install(tmp_path / "lock.txt", tmp_path, RUNTIME, "riscv")


# ---- Byte-code


@pytest.fixture
def compiled(tmp_path: Path) -> Path:
    folder = write(
        tmp_path / "compiled",
        {
            "functions/mine.py": "import theirs, single\nX = 1\n",
            "theirs/__init__.py": "def fail():\n    raise RuntimeError\n",
            "theirs/template.py": "class {{ name }}:\n",
            "single.py": "PATTERN = '\\d'\n",
        },
    )
    compile_bundle(folder, THIS_PYTHON)
    return folder


def test_byte_code_is_never_checked_against_its_source(compiled: Path) -> None:
    # The flags of PEP 552: hash-based, without the bit that asks for the check.
    flags = {path.read_bytes()[4:8] for path in compiled.rglob("*.pyc")}
    assert flags == {(1).to_bytes(4, "little")}


def test_sources_stay_where_they_are_the_projects_or_cannot_be_compiled(compiled: Path) -> None:
    sources = {str(path.relative_to(compiled)) for path in compiled.rglob("*.py")}
    assert sources == {"functions/mine.py", "theirs/template.py"}
    assert (compiled / importlib.util.cache_from_source("functions/mine.py")).exists()


def test_tracebacks_name_the_place_in_lambda(compiled: Path) -> None:
    failing = f"import sys; sys.path.insert(0, {str(compiled)!r}); import theirs; theirs.fail()"
    failed = subprocess.run(
        [THIS_PYTHON, "-I", "-S", "-c", failing], capture_output=True, text=True, check=False
    )
    assert f'File "{TASK_ROOT}/theirs/__init__.py", line 2, in fail' in failed.stderr


def test_a_compiler_that_fails_is_reported(tmp_path: Path) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho out of memory >&2\nexit 1\n")
    broken.chmod(0o755)
    with pytest.raises(BundleRefused, match="could not compile the bundle:\nout of memory"):
        compile_bundle(tmp_path, broken)


# ---- A Python of Lambda's version


def test_this_python_is_found_by_its_version() -> None:
    find_python.cache_clear()
    assert find_python(f"{sys.version_info[0]}.{sys.version_info[1]}") == THIS_PYTHON


@pytest.mark.parametrize("broken", ["#!/bin/sh\nexit 127\n", ""], ids=["a shim of pyenv", "no program"])
def test_a_python_that_does_not_run_is_passed_over_for_one_that_does(
    broken: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("path/python3.99", "pyenv/versions/3.99.1/bin/python")
    write(tmp_path, dict(zip(names, (broken, "#!/bin/sh\necho cpython-399\n"), strict=True)))
    for name in names:
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'path'}:{os.environ['PATH']}")
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    find_python.cache_clear()
    assert find_python("3.99") == tmp_path / names[1]


def test_there_may_be_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    find_python.cache_clear()
    assert find_python("3.98") is None


# ---- Proof


def test_a_package_that_the_lock_does_not_bring_is_refused_even_if_imported_late(
    repository: Path, tmp_path: Path
) -> None:
    write(repository, {"functions/core/greeting.py": "import json, os.path, provided_by_lambda, scipy\n"})
    contents = Contents(provided=frozenset({"provided_by_lambda"}))
    with pytest.raises(BundleRefused, match=r"functions/core/greeting.py imports scipy, which"):
        build(repository, FAKE, recipe(contents=contents), HERE, tmp_path / "bundle")


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


def test_an_import_that_writes_into_the_bundle_is_refused(repository: Path) -> None:
    # Without byte-code, Python writes it at the first import.
    with pytest.raises(BundleRefused, match=r"importing .* wrote functions/__pycache__ into the bundle"):
        import_handler(repository, FAKE.handler, THIS_PYTHON, {})


def test_a_bundle_that_cannot_run_here_is_not_imported() -> None:
    assert reason_not_to_import(None, "3.13", "x86_64") == "there is no Python 3.13 here"
    other = "arm64" if platform.machine() == "x86_64" else "x86_64"
    assert f"Linux on {other}" in str(reason_not_to_import(THIS_PYTHON, "3.13", other))


# ---- Budgets


def test_each_limit_makes_a_bundle_too_heavy(tmp_path: Path) -> None:
    (tmp_path / "noise").write_bytes(os.urandom(2**20))
    (tmp_path / "zeros").write_bytes(bytes(2**20))
    fits, unzipped, zipped = weigh(
        [
            ("Fits", tmp_path, Limits(unzipped=2, zipped=1.1)),
            ("Unzipped", tmp_path, Limits(unzipped=1.9, zipped=1.1)),
            ("Zipped", tmp_path, Limits(unzipped=2, zipped=0.9)),
        ]
    )
    assert fits.unzipped == 2
    assert 1 < fits.zipped < 1.01
    assert [weight.too_heavy for weight in (fits, unzipped, zipped)] == [False, True, True]
    assert [line.endswith("OVER") for line in table([fits, unzipped, zipped]).splitlines()[1:]] == [
        False, True, True,
    ]  # fmt: skip


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of bundles of one small file each, and a template of only this function."""
    monkeypatch.setattr(command_line, "ROOT", tmp_path)
    write(
        tmp_path,
        {
            "template.yaml": (
                "Resources:\n  FakeFunction:\n    Type: AWS::Serverless::Function\n"
                "    Properties: { Handler: functions.fake.handler.handler }\n"
            ),
            "pyproject.toml": (
                "[tool.lifeboat.bundle]\n[tool.lifeboat.bundles.fake]\nunzipped = 0.5\nzipped = 0.5\n"
            ),
            "built/FakeFunction/handler.py": "handler = print\n",
        },
    )
    return tmp_path / "built"


def test_the_report_passes_what_is_within_budget(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main(["report", str(built)]) == 0
    assert "FakeFunction" in capsys.readouterr().out


def test_the_report_fails_over_budget(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (built / "FakeFunction" / "ballast").write_bytes(bytes(2**20))
    assert command_line.main(["report", str(built)]) == 1
    said = capsys.readouterr()
    assert "OVER" in said.out
    assert "over the budget in pyproject.toml" in said.err


def test_the_report_says_once_that_there_was_no_python_to_prove_with(
    built: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command_line, "find_python", lambda version: None)
    assert command_line.main(["report", str(built)]) == 0
    assert capsys.readouterr().out.count("No Python 3.13 was found here") == 1


def test_the_report_says_why_a_bundle_was_not_imported(
    built: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command_line, "find_python", lambda version: THIS_PYTHON)
    monkeypatch.setenv("ARCHITECTURE", "arm64" if platform.machine() == "x86_64" else "x86_64")
    assert command_line.main(["report", str(built)]) == 0
    assert "The bundles were not imported: it is for Linux" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["build", "OtherFunction", "x"], "template.yaml has no function OtherFunction, only FakeFunction"),
        (["report", "nowhere"], "holds no bundle; `make build` makes one"),
    ],
)
def test_the_command_line_says_what_is_wrong(
    built: Path, arguments: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command_line.main(arguments) == 1
    assert reason in capsys.readouterr().err


def test_the_command_line_builds(built: Path, repository: Path, tmp_path: Path) -> None:
    shutil.copytree(repository, tmp_path, dirs_exist_ok=True)
    assert command_line.main(["build", "FakeFunction", str(tmp_path / "one")]) == 0
    assert (tmp_path / "one" / "functions" / "fake" / "handler.py").exists()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", r"has no \[tool.lifeboat.bundle\]"),
        ("[tool.lifeboat", "Expected"),
        ("[tool.lifeboat.bundle]\nomitt = []\n[tool.lifeboat.bundles]\n", "bundle.omitt"),
        ("[tool.lifeboat.bundle]\n[tool.lifeboat.bundles.fake]\nunzipped = 1\nzipped = 0\n", "fake.zipped"),
    ],
)
def test_a_wrong_recipe_is_refused(text: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(BundleRefused, match=reason):
        read_recipe(write(tmp_path, {"pyproject.toml": text}) / "pyproject.toml")


# ---- The project's own


def test_every_function_of_the_template_has_a_budget_a_lock_and_its_imports() -> None:
    own = read_recipe(ROOT / "pyproject.toml")
    for function in read_template(ROOT / "template.yaml").functions.values():
        home = ROOT.joinpath(*function.handler.split(".")[:-2])
        assert own.limits(home.name).unzipped <= 250
        assert (home / "requirements.txt").is_file()
        assert trace(ROOT, function.handler.rpartition(".")[0]).files


def test_a_function_without_a_budget_is_refused() -> None:
    with pytest.raises(BundleRefused, match=r"has no \[tool.lifeboat.bundles.new\]: say what"):
        recipe().limits("new")


def test_bundles_are_built_for_the_runtime_that_the_template_names() -> None:
    document = yaml.load((ROOT / "template.yaml").read_text(), Loader=_Loader)  # noqa: S506 - a SafeLoader
    assert document["Globals"]["Function"]["Runtime"] == f"python{RUNTIME}"


def test_the_retrain_bundle_takes_the_code_but_not_the_data_of_training() -> None:
    files = {str(file) for file in trace(ROOT, "functions.retrain.handler").files}
    assert {"training/train.py", "functions/core/s3_store.py"} <= files
    others = ("training/data/", "functions/predict/", "functions/local/")
    assert not any(file.startswith(others) for file in files)
