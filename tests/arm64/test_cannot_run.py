"""Where arm64 cannot be emulated, the run says what is missing and ends; it never passes as tested."""

from pathlib import Path

import pytest

from tests.arm64.conftest import TARGET
from tests.arm64.debian import make_debian
from tests.support.cannot_run import run_unable
from tests.support.commands import ROOT_USER, SOMEBODY, Commands
from tests.support.machine import Unavailable


def test_only_root_goes_on(only: Commands, tmp_path: Path) -> None:
    only(SOMEBODY)
    with pytest.raises(Unavailable, match="only root can"):
        make_debian(tmp_path)


def test_an_emulator_that_cannot_be_installed_is_named(only: Commands, tmp_path: Path) -> None:
    only(
        ROOT_USER, debootstrap="", apt_get="echo 'E: Unable to locate package qemu-user-static' >&2; exit 100"
    )
    with pytest.raises(Unavailable, match="apt could not install qemu-user-static: E: Unable to locate"):
        make_debian(tmp_path)


def test_debootstraps_reason_is_told(only: Commands, tmp_path: Path) -> None:
    only(
        ROOT_USER,
        apt_get="",
        debootstrap="echo 'E: no such mirror'; exit 1",
        qemu_aarch64_static="echo neoverse-n1",
    )
    with pytest.raises(Unavailable, match=r"Debian trixie --download-only --arch=arm64: E: no such mirror"):
        make_debian(tmp_path)


def test_an_emulator_that_is_too_old_is_refused(only: Commands, tmp_path: Path) -> None:
    only(ROOT_USER, apt_get="", debootstrap="", qemu_aarch64_static="echo cortex-a72")
    with pytest.raises(Unavailable, match="does not know the processor neoverse-n1"):
        make_debian(tmp_path)


def test_a_package_that_debootstrap_did_not_bring_is_named(only: Commands, tmp_path: Path) -> None:
    only(ROOT_USER, apt_get="", debootstrap="", qemu_aarch64_static="echo neoverse-n1")
    with pytest.raises(Unavailable, match="brought no libbz2"):
        make_debian(tmp_path)


def test_a_run_that_cannot_be_has_an_exit_code_of_its_own(tmp_path: Path) -> None:
    # No commands: neither the emulator nor apt, which could install it.
    reason = run_unable(TARGET, "tests/arm64/test_predict.py", environment={"PATH": str(tmp_path)})
    assert "qemu-user-static" in reason or "only root" in reason
