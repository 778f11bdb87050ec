"""A machine that has some commands, as shell scripts, and no others."""

import os
from pathlib import Path

import pytest

ROOT_USER, SOMEBODY = 0, 1000


class Commands:
    """`commands(SOMEBODY, docker="exit 1")`: the user, and each command's script (`_` for `-`)."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        self._patch = patch

    def __call__(self, user: int, **scripts: str) -> None:
        self._folder.mkdir(exist_ok=True)
        for name, script in scripts.items():
            command = self._folder / name.replace("_", "-")
            command.write_text(f"#!/bin/sh\n{script}\n")
            command.chmod(0o755)
        self._patch.setenv("PATH", str(self._folder))
        self._patch.setattr(os, "geteuid", lambda: user)


@pytest.fixture
def only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Commands:
    """Makes this machine one that has the commands given and no others."""
    return Commands(tmp_path / "commands", monkeypatch)
