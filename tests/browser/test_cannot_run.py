"""Without npm and a browser the run says so and ends; it never passes for one that tested."""

from pathlib import Path

from tests.browser.conftest import TARGET
from tests.support.cannot_run import run_unable


def test_a_run_without_npm_has_an_exit_code_of_its_own(tmp_path: Path) -> None:
    reason = run_unable(TARGET, "tests/browser/test_checks.py", environment={"PATH": str(tmp_path)})
    assert reason.startswith("npm is missing")
