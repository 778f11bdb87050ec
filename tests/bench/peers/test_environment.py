import sys
from pathlib import Path

import pytest

from functions.local.process.environment import exported
from tests.bench.checkout import STARTED_WITH, CannotRun
from tests.bench.peers import environment
from tests.support.aws_environment import nothing


def test_packages_are_fetched_by_the_certificates_that_a_stage_has_taken_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """uv is what complains here, so it was told of a file that the environment of the stage does not name."""
    lock = tmp_path / "lock.txt"
    lock.write_text("")
    certificates = {"SSL_CERT_FILE": "/nonexistent.pem", "UV_CONFIG_FILE": "/nonexistent.toml"}
    monkeypatch.setattr(environment, "STARTED_WITH", STARTED_WITH | certificates)
    monkeypatch.setattr(environment, "ENVIRONMENTS", tmp_path)
    with exported(nothing()), pytest.raises(CannotRun, match=r"nonexistent\.toml"):
        environment.environment("peer", lock, Path(sys.executable))
