"""The byte-code of a bundle, and the Python of Lambda's version that compiles it."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from functions.local.bundle.build import TASK_ROOT, compile_bundle
from functions.local.bundle.python import find_python
from functions.local.bundle.recipe import BundleRefused
from tests.local.bundle.bundles import THIS_PYTHON, write


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
        [THIS_PYTHON, "-I", "-S", "-c", failing], capture_output=True, text=True, timeout=60, check=False
    )
    assert f'File "{TASK_ROOT}/theirs/__init__.py", line 2, in fail' in failed.stderr


def test_a_compiler_that_fails_is_reported(tmp_path: Path) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho out of memory >&2\nexit 1\n")
    broken.chmod(0o755)
    with pytest.raises(BundleRefused, match="could not compile the bundle:\nout of memory"):
        compile_bundle(tmp_path, broken)


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
