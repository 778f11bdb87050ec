"""Without a Python of Lambda's version the run says so and ends; it never passes for one that tested."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from functions.local.process.child import ROOT
from tests.deploy import environment
from tests.deploy.conftest import TARGET
from tests.deploy.environment import provide_environment
from tests.support.cannot_run import run_unable
from tests.support.commands import SOMEBODY
from tests.support.machine import Unavailable

NO_PYTHON = "echo 'error: No interpreter found for Python 3.13' >&2; exit 2"


@pytest.fixture
def uv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts a shell script in the place of uv, on a machine without pyenv, apt and an environment."""

    def put(script: str) -> None:
        command = tmp_path / "uv"
        command.write_text(f"#!/bin/sh\n{script}\n")
        command.chmod(0o755)
        monkeypatch.setattr(environment, "_UV", command)
        monkeypatch.setattr(environment, "FOLDER", tmp_path / "environment")
        monkeypatch.setattr(environment, "_STAMP", tmp_path / "environment" / ".deploy")
        monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
        monkeypatch.setattr(os, "geteuid", lambda: SOMEBODY)

    return put


def test_without_the_python_what_each_source_says_is_told(uv: Callable[[str], None]) -> None:
    uv(NO_PYTHON)
    with pytest.raises(Unavailable, match=r"No interpreter found.*python3\.13 is missing"):
        provide_environment()


def test_packages_that_cannot_be_installed_are_a_failure_and_no_reason_to_skip(
    uv: Callable[[str], None],
) -> None:
    uv("test $1 = venv || { echo 'no such package' >&2; exit 1; }")
    with pytest.raises(RuntimeError, match="no such package"):
        provide_environment()


def test_a_run_without_python_has_an_exit_code_of_its_own(tmp_path: Path) -> None:
    plugin = tmp_path / "without_python.py"
    plugin.write_text(
        "from tests.deploy import conftest\n"
        "from tests.support.machine import Unavailable\n"
        "def refuse():\n    raise Unavailable('no Python 3.13')\n"
        "conftest.provide_environment = refuse\n"
    )
    reason = run_unable(
        TARGET,
        *("tests/deploy", "-k", "missing_permissions or may_do_so", "-p", "without_python"),
        environment={"PYTHONPATH": f"{ROOT}:{tmp_path}"},
    )
    assert reason == "no Python 3.13"
