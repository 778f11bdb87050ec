"""A run that cannot be has an exit code of its own, and leaves its reason; a failed one never does."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from functions.local.process.child import ROOT
from tests.support.cannot_run import EXIT_CODE, reason_file, require_built, run_unable

# Nobody else's: several workers of pytest may run these tests at once.
TARGET = f"test-of-{os.getpid()}"
LACKS = f"""
import pytest
from tests.support.cannot_run import or_cannot_run
from tests.support.machine import Unavailable

@pytest.fixture
def engine(request):
    with or_cannot_run("{TARGET}", request.session):
        raise Unavailable("no engine is here")

def test_it(engine): pass
"""
HAS = LACKS.replace('raise Unavailable("no engine is here")', "pass")
FAILS = "def test_before(): raise AssertionError\n"
# Without pytest's plugins, which take most of the time of so small a run.
ENVIRONMENT = {"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


@pytest.fixture(autouse=True)
def _leave_nothing() -> Iterator[None]:
    yield
    reason_file(TARGET).unlink(missing_ok=True)


def _run(file: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", file, "-q", "-p", "no:cacheprovider"],
        env={**os.environ, **ENVIRONMENT},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_reason_is_told_and_left(tmp_path: Path) -> None:
    file = tmp_path / "test_lacks.py"
    file.write_text(LACKS)
    assert run_unable(TARGET, str(file), environment=ENVIRONMENT) == "no engine is here"


def test_what_failed_before_counts_for_more(tmp_path: Path) -> None:
    file = tmp_path / "test_fails.py"
    file.write_text(FAILS + LACKS)
    run = _run(file)
    assert run.returncode == 1
    assert "Cannot run the others here: no engine is here" in run.stdout + run.stderr
    assert not reason_file(TARGET).exists()


def test_the_reason_of_an_earlier_run_goes(tmp_path: Path) -> None:
    reason_file(TARGET).parent.mkdir(exist_ok=True)
    reason_file(TARGET).write_text("no engine was here")
    file = tmp_path / "test_has.py"
    file.write_text(HAS)
    assert _run(file).returncode == 0
    assert not reason_file(TARGET).exists()


def test_a_run_that_tested_is_not_taken_for_one_that_could_not(tmp_path: Path) -> None:
    file = tmp_path / "test_has.py"
    file.write_text(HAS)
    with pytest.raises(AssertionError, match="1 passed"):
        run_unable(TARGET, str(file), environment=ENVIRONMENT)


def test_what_was_not_built_is_a_failure_that_says_what_to_make(tmp_path: Path) -> None:
    require_built((tmp_path, "build"))
    with pytest.raises(pytest.exit.Exception, match="nothing is missing: make build") as ended:
        require_built((tmp_path, "build"), (Path("nothing"), "build"))
    assert ended.value.returncode == 1
    assert EXIT_CODE != 1
