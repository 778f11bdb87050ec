"""Where no Debian can be made, the run says what is missing and ends; it never passes as tested."""

from pathlib import Path

import pytest

from tests.fresh.debian import make_debian
from tests.support.commands import ROOT_USER, SOMEBODY, Commands, only
from tests.support.machine import Unavailable

__all__ = ["only"]


def test_only_root_goes_on(only: Commands, tmp_path: Path) -> None:
    only(SOMEBODY)
    with pytest.raises(Unavailable, match="only root can make and enter a Debian"):
        make_debian(tmp_path)


def test_debootstraps_reason_is_told(only: Commands, tmp_path: Path) -> None:
    only(ROOT_USER, debootstrap="echo 'E: no such mirror'; exit 1", apt_get="")
    with pytest.raises(Unavailable, match="could not bring Debian bookworm: E: no such mirror"):
        make_debian(tmp_path)
