"""Without a Python of Lambda's version the run says so and ends; it never passes for one that tested."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from functions.local.child import ROOT
from tests.deploy import environment
from tests.deploy.conftest import REASON
from tests.deploy.environment import provide_environment
from tests.sam.conftest import CANNOT_RUN
from tests.sam.machine import Unavailable

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
        monkeypatch.setattr(os, "geteuid", lambda: 1000)

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
        "from tests.sam.machine import Unavailable\n"
        "def refuse():\n    raise Unavailable('no Python 3.13')\n"
        "conftest.provide_environment = refuse\n"
    )
    run = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "tests/deploy", "-k", "missing_permissions or may_do_so"),
            *("--no-cov", "-p", "no:cacheprovider", "-p", "without_python", "-q"),
        ],
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{tmp_path}"},
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    reason = REASON.read_text().strip()
    REASON.unlink()
    assert run.returncode == CANNOT_RUN, run.stdout + run.stderr
    assert reason == "no Python 3.13"
    assert f"Cannot run here: {reason}" in run.stdout + run.stderr
