"""The Makefile under environments that keep a Python from starting, or lead it to other packages."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# In place of the project: what `make demo` starts, which says what environment it was given.
PROGRAM = "import json, os, sys; print(json.dumps([sys.argv[1:], dict(os.environ)]))"
SECONDS = 60

STRAY = {
    "PYTHONHOME": "/nonexistent",
    "PYTHONPATH": "/nonexistent",
    "PYTHONSAFEPATH": "1",
    "PYTHONUTF8": "banana",
    "PYTHONHASHSEED": "banana",
    "PYTHONMALLOC": "banana",
    "PYTHONPLATLIBDIR": "banana",
    "PYTHONINSPECT": "1",
    "PYTHONWARNINGS": "error",
    "PYTHONSTARTUP": "/nonexistent",
    "PYTHONIOENCODING": "banana",
    "VIRTUAL_ENV": "/nonexistent",
    "CONDA_PREFIX": "/nonexistent",
    "PIP_TARGET": "/nonexistent",
    "UV_SYSTEM_PYTHON": "1",
    "BASH_ENV": "/nonexistent",
    "ENV": "/nonexistent",
}
HARMLESS = {"LC_ALL": "xx_XX.banana", "LANG": "banana", "HOME": "/nonexistent", "TMPDIR": "/nonexistent"}
OPTIONS = {"MAKEFLAGS": "-j8", "NAME": "a machine's name", "PYTHON": "/nonexistent/python"}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout whose environment is installed, as its stamps say, with a program in place of the runner."""
    project = tmp_path_factory.mktemp("project")
    shutil.copy(ROOT / "Makefile", project)
    (project / "requirements.txt").write_text("")
    package = project / "functions" / "local"
    package.mkdir(parents=True)
    (package / "__main__.py").write_text(PROGRAM)
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", project / ".venv"], check=True, timeout=SECONDS
    )
    (project / ".venv" / ".uv").write_text(f"{project}\n")
    (project / ".venv" / ".run").touch()
    return project


def make(project: Path, *words: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(
        ["make", *words],
        cwd=project,
        env=environment | variables,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


@pytest.mark.parametrize("name", STRAY)
def test_a_stray_variable_of_python_reaches_no_recipe_and_keeps_the_environment(
    project: Path, name: str
) -> None:
    made = make(project, "demo", **{name: STRAY[name]})
    assert (made.returncode, made.stderr) == (0, "")
    words, environment = json.loads(made.stdout)
    assert words == ["demo"]
    assert name not in environment
    assert (project / ".venv" / ".uv").exists()


@pytest.mark.parametrize("name", [*HARMLESS, *OPTIONS])
def test_other_stray_variables_change_nothing(project: Path, name: str) -> None:
    made = make(project, "demo", **{name: (HARMLESS | OPTIONS)[name]})
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)[0] == ["demo"]
    assert (project / ".venv" / ".uv").exists()


def test_all_of_them_at_once_change_nothing(project: Path) -> None:
    made = make(project, "demo", **(STRAY | HARMLESS | OPTIONS))
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)[0] == ["demo"]


def test_a_python_that_does_not_run_is_said_and_the_environment_stays(project: Path) -> None:
    made = make(project, "demo", PYTHON="/nonexistent/python")
    assert "PYTHON=/nonexistent/python: this does not run, so .venv stays as it is" in made.stderr
    assert (project / ".venv" / ".uv").exists()


def test_an_environment_that_was_moved_is_made_anew(project: Path) -> None:
    stamp = project / ".venv" / ".uv"
    text = stamp.read_text()
    stamp.write_text("/elsewhere\n")
    try:
        # There is no lock to install from here: it is enough that it is tried.
        assert make(project, "demo").returncode != 0
    finally:
        stamp.write_text(text)
        (project / ".venv" / ".run").touch()


def test_some_tests_only_are_not_judged_by_their_coverage() -> None:
    said = make(ROOT, "-n", "test", "ARGS=tests/training/test_gate.py::test_a_name").stdout
    assert "--cov-fail-under=0 tests/training/test_gate.py::test_a_name" in said
    assert "--cov-fail-under=0" not in make(ROOT, "-n", "test").stdout


def test_a_stage_is_checked_before_minutes_are_spent_on_building_it() -> None:
    made = make(ROOT, "-n", "deploy", "STAGE=dev", "PARAMETERS=PredictMemory=2048", "ARGS=--no-key")
    assert made.returncode == 0, made.stderr
    lines = [line for line in made.stdout.splitlines() if "local.deployment" in line or "sam build" in line]
    check, build, deploy = lines
    assert "sam build" in build
    options = '--stage "$STAGE" --parameters "$PARAMETERS"'
    for command, line in (("check", check), ("deploy", deploy)):
        assert f"functions.local.deployment {command} {options}" in line
        assert line.endswith("--no-key")
