"""Without MLflow's packages the run says so and ends; it never passes for one that tested."""

from pathlib import Path

import pytest

from tests.mlflow.conftest import TARGET
from tests.mlflow.environment import provide_mlflow
from tests.support.cannot_run import run_unable
from tests.support.commands import SOMEBODY, Commands
from tests.support.machine import Unavailable


def test_what_the_installation_says_last_is_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only = Commands(tmp_path / "commands", monkeypatch)
    only(SOMEBODY, make="echo Installing >&2; echo 'no route to the registry' >&2; exit 2")
    with pytest.raises(
        Unavailable, match=r"requirements-mlflow\.txt cannot be installed here: no route to the"
    ):
        provide_mlflow()


def test_a_run_without_mlflow_has_an_exit_code_of_its_own(tmp_path: Path) -> None:
    reason = run_unable(TARGET, "tests/mlflow/test_reading.py", environment={"PATH": str(tmp_path)})
    assert reason == "make, which installs MLflow's own environment, is missing"
