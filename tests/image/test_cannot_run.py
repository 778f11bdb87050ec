"""Without a container engine the run says so and ends; it never passes for one that tested."""

from pathlib import Path

from tests.image.conftest import TARGET
from tests.support.cannot_run import run_unable


def test_a_run_without_an_engine_has_an_exit_code_of_its_own(tmp_path: Path) -> None:
    reason = run_unable(TARGET, "tests/image/test_image.py", environment={"PATH": str(tmp_path)})
    assert "docker" in reason
