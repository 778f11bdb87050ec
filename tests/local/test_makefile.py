"""The Makefile under environments that keep a Python from starting, or lead it to other packages."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from functions.local.tools.installation import Stamp
from tests.bench.__main__ import ALONE

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
    """A checkout whose environment is installed, as its stamp says, with a program in place of the runner."""
    project = tmp_path_factory.mktemp("project").resolve()
    shutil.copy(ROOT / "Makefile", project)
    (project / "requirements.txt").write_text("")
    package = project / "functions" / "local"
    (package / "tools").mkdir(parents=True)
    shutil.copy(ROOT / "functions" / "local" / "tools" / "installation.py", package / "tools")
    (package / "__main__.py").write_text(PROGRAM)
    environment = project / ".venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True, timeout=SECONDS)
    Stamp(str(environment), sys.hexversion, "run", hashlib.sha256(b"").hexdigest()).write()
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
    assert (project / ".venv" / ".installed").exists()


@pytest.mark.parametrize("name", [*HARMLESS, *OPTIONS])
def test_other_stray_variables_change_nothing(project: Path, name: str) -> None:
    made = make(project, "demo", **{name: (HARMLESS | OPTIONS)[name]})
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)[0] == ["demo"]
    assert (project / ".venv" / ".installed").exists()


def test_all_of_them_at_once_change_nothing(project: Path) -> None:
    made = make(project, "demo", **(STRAY | HARMLESS | OPTIONS))
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)[0] == ["demo"]


def test_a_python_that_does_not_run_is_said_and_the_environment_stays(project: Path) -> None:
    made = make(project, "demo", PYTHON="/nonexistent/python")
    assert "PYTHON=/nonexistent/python: this does not run, so .venv stays as it is" in made.stderr
    assert (project / ".venv" / ".installed").exists()


def test_without_a_python_it_says_what_is_needed(project: Path, tmp_path: Path) -> None:
    for name in ("awk", "make", "sh"):
        (tmp_path / name).symlink_to(str(shutil.which(name)))
    alone = tmp_path / "alone"
    shutil.copytree(project, alone, ignore=shutil.ignore_patterns(".venv"))
    made = make(alone, "demo", PATH=str(tmp_path))
    assert made.returncode == 2
    assert "Lifeboat needs Python 3.11 or later; none was found as python3.13 " in made.stderr
    assert "make PYTHON=/path/to/python3.13" in made.stderr


def test_a_variable_given_to_make_is_an_option_of_the_command_and_one_of_the_environment_is_not(
    project: Path,
) -> None:
    made = make(project, "run", "FILE=my churn.csv", "NAME=churn", "ARGS=--forget", TARGET="banana")
    assert json.loads(made.stdout)[0] == ["run", "--file", "my churn.csv", "--name", "churn", "--forget"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["key", "NOTE=a"], 'Which scopes? make key SCOPES=predict NOTE="the web shop"'),
        (["key", "SCOPES=predict"], 'Which note on who uses it? make key SCOPES=predict NOTE="the web shop"'),
        (["model"], "Which file? make model FILE=churn.csv NAME=churn TARGET=churned"),
        (["model", "FILE=churn.csv"], "Which name? make model FILE=churn.csv NAME=churn TARGET=churned"),
        (["upload"], "Which file? make upload FILE=more.csv"),
        (["destroy"], "Which stage? make destroy STAGE=dev"),
    ],
)
def test_what_is_missing_is_asked_for_with_an_example(project: Path, words: list[str], said: str) -> None:
    made = make(project, *words)
    assert made.returncode == 2
    assert said in made.stderr


def test_arguments_of_the_environment_are_those_of_another_program() -> None:
    assert "--nonsense" not in make(ROOT, "-n", "demo", ARGS="--nonsense").stdout
    assert "--nonsense" in make(ROOT, "-n", "demo", "ARGS=--nonsense").stdout


def test_some_tests_only_are_run_without_lint_and_coverage() -> None:
    said = make(ROOT, "-n", "test", "ARGS=tests/training/gate/test_rules.py::test_a_name").stdout
    assert "-m pytest tests/training/gate/test_rules.py::test_a_name" in said
    assert "tests.check --lint" not in said
    assert "slipcover" not in said
    everything = make(ROOT, "-n", "test").stdout
    assert "tests.check --lint" in everything
    assert '-m slipcover --json --out build/coverage.json -m pytest -m "not long"' in everything
    assert "--fail-under 90 || { echo 'The tests ran less than 90 %" in everything


def test_long_tests_have_a_command_of_their_own_and_run_where_they_are_named() -> None:
    assert '-m "not long"' in make(ROOT, "-n", "test").stdout
    assert "-m long" in make(ROOT, "-n", "test-long").stdout
    named = make(ROOT, "-n", "test", "ARGS=tests/stories/test_races.py").stdout
    assert "not long" not in named


def test_a_stage_is_checked_before_minutes_are_spent_on_building_it() -> None:
    made = make(ROOT, "-n", "deploy", "STAGE=dev", "PARAMETERS=PredictMemory=2048", "ARGS=--no-key")
    assert made.returncode == 0, made.stderr
    lines = [line for line in made.stdout.splitlines() if "local.deployment" in line or "sam build" in line]
    check, build, deploy = lines
    assert "sam build" in build
    for command, line in (("check", check), ("deploy", deploy)):
        assert f"functions.local.deployment {command} " in line
        assert '--stage "$STAGE"' in line
        assert '--parameters "$PARAMETERS"' in line
        assert line.endswith("--no-key")


@pytest.mark.parametrize(
    ("words", "command"),
    [
        (["test-sam"], "pytest tests/sam"),
        (["test-sam", "ARGS=-k predict"], "pytest tests/sam -k predict"),
        (["test-pages", "ARGS=tests/browser/test_axe.py"], "tests/browser/test_axe.py"),
        (["test-fuzz"], "pytest tests/fuzz --numprocesses 2"),
        (["bench", "ARGS=cold", "AGAINST=../before"], 'tests.bench cold --against "$AGAINST"'),
        (["bench-races", "ARGS=--rounds 2"], "tests.bench races --rounds 2"),
    ],
)
def test_a_target_runs_its_command(words: list[str], command: str) -> None:
    # Options that are not given leave spaces.
    assert command in " ".join(make(ROOT, "-n", *words).stdout.split())


@pytest.mark.parametrize("name", sorted(ALONE))
def test_what_is_measured_beside_others_has_their_packages(name: str) -> None:
    """pandas, for one, is no package of Lifeboat's own."""
    assert re.search(r"installation\.py dev ", make(ROOT, "-n", f"bench-{name}").stdout)


def test_every_target_that_is_listed_is_run_though_a_file_has_its_name() -> None:
    text = (ROOT / "Makefile").read_text()
    listed = set(re.findall(r"^([a-z0-9-]+):.*## ", text, re.MULTILINE))
    phony = set(re.search(r"^\.PHONY: (help(?:.*\\\n)*.*)", text, re.MULTILINE)[1].replace("\\", " ").split())  # type: ignore[index]
    assert listed == phony


def test_every_target_that_is_told_of_is_there() -> None:
    """In the documents, in what CI runs, and in what the commands say."""
    texts = [
        *ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / ".ci" / "run", ROOT / "Makefile",
        *(ROOT / ".github").rglob("*.yml"), *(ROOT / "functions").rglob("*.py"),
        *(ROOT / "training").rglob("*.py"), *(ROOT / "tests").rglob("*.py"),
    ]  # fmt: skip
    named = {
        name for path in texts for name in re.findall(r"`make ([a-z][a-z0-9-]*)(?![A-Z])", path.read_text())
    }
    assert {"demo", "test", "run", "bench-peers"} <= named
    made = make(ROOT, "--print-data-base", "--question", "help").stdout
    known = set(re.findall(r"^([a-z][a-zA-Z0-9-]*):", made, re.MULTILINE))
    assert {name for name in named if not name.startswith("bench-")} <= known
    assert {name.removeprefix("bench-") for name in named if name.startswith("bench-")} <= ALONE.keys()
