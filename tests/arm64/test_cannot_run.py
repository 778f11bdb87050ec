"""Where arm64 cannot be emulated, the run says what is missing and ends; it never passes as tested."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from functions.local.child import ROOT
from tests.arm64.conftest import REASON
from tests.arm64.debian import make_debian
from tests.sam.conftest import CANNOT_RUN
from tests.sam.machine import Unavailable

Commands = Callable[..., None]


@pytest.fixture
def only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Commands:
    """Makes this machine one that has the commands given, as shell scripts, and no others."""

    def only(user: int, **scripts: str) -> None:
        folder = tmp_path / "commands"
        folder.mkdir()
        for name, script in scripts.items():
            command = folder / name.replace("_", "-")
            command.write_text(f"#!/bin/sh\n{script}\n")
            command.chmod(0o755)
        monkeypatch.setenv("PATH", str(folder))
        monkeypatch.setattr(os, "geteuid", lambda: user)

    return only


def test_only_root_goes_on(only: Commands, tmp_path: Path) -> None:
    only(1000)
    with pytest.raises(Unavailable, match="only root can"):
        make_debian(tmp_path)


def test_an_emulator_that_cannot_be_installed_is_named(only: Commands, tmp_path: Path) -> None:
    only(0, debootstrap="", apt_get="echo 'E: Unable to locate package qemu-user-static' >&2; exit 100")
    with pytest.raises(Unavailable, match="apt could not install qemu-user-static: E: Unable to locate"):
        make_debian(tmp_path)


def test_debootstraps_reason_is_told(only: Commands, tmp_path: Path) -> None:
    only(
        0, apt_get="", debootstrap="echo 'E: no such mirror'; exit 1", qemu_aarch64_static="echo neoverse-n1"
    )
    with pytest.raises(Unavailable, match=r"could not fetch Debian trixie for arm64: E: no such mirror"):
        make_debian(tmp_path)


def test_an_emulator_that_is_too_old_is_refused(only: Commands, tmp_path: Path) -> None:
    only(0, apt_get="", debootstrap="", qemu_aarch64_static="echo cortex-a72")
    with pytest.raises(Unavailable, match="does not know the processor neoverse-n1"):
        make_debian(tmp_path)


def test_a_package_that_debootstrap_did_not_bring_is_named(only: Commands, tmp_path: Path) -> None:
    only(0, apt_get="", debootstrap="", qemu_aarch64_static="echo neoverse-n1")
    with pytest.raises(Unavailable, match="brought no libbz2"):
        make_debian(tmp_path)


def test_a_run_that_cannot_be_has_an_exit_code_of_its_own(tmp_path: Path) -> None:
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "tests/arm64/test_predict.py",
            "--no-cov",
            "-p",
            "no:cacheprovider",
            "-q",
        ],
        # No commands: neither the emulator nor apt, which could install it.
        env={**os.environ, "PATH": str(tmp_path)},
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    reason = REASON.read_text().strip()
    REASON.unlink()
    assert run.returncode == CANNOT_RUN
    assert f"Cannot run here: {reason}" in run.stdout + run.stderr
