"""Debian comes from this machine's mirror, or the reason why not is told."""

from pathlib import Path

import pytest

from tests.support.commands import ROOT_USER, SOMEBODY, Commands
from tests.support.debian import debootstrap, find_mirror
from tests.support.machine import Unavailable

APT = "echo 'Debian-Security http://security.example'; echo 'Debian http://mirror.example/debian/'"


def test_it_comes_from_the_mirror_of_the_machine(only: Commands) -> None:
    only(SOMEBODY, apt_get=APT)
    assert find_mirror() == ["http://mirror.example/debian/"]


def test_without_apt_debootstrap_chooses_the_mirror(only: Commands) -> None:
    only(SOMEBODY)
    assert find_mirror() == []


def test_debootstrap_is_told_what_to_bring(only: Commands, tmp_path: Path) -> None:
    only(ROOT_USER, apt_get=APT, debootstrap='echo "$@"')
    debootstrap(tmp_path / "root", ["python3", "zlib1g"], "--arch=arm64")
    assert (tmp_path / "root.log").read_text() == (
        "--variant=minbase --arch=arm64 --include=python3,zlib1g trixie "
        f"{tmp_path}/root http://mirror.example/debian/\n"
    )


def test_its_reason_is_told(only: Commands, tmp_path: Path) -> None:
    only(ROOT_USER, apt_get=APT, debootstrap="echo 'I: begin'; echo 'E: no such script'; exit 1")
    with pytest.raises(Unavailable, match=r"could not bring Debian trixie --arch=arm64: E: no such script"):
        debootstrap(tmp_path / "root", ["python3"], "--arch=arm64")


def test_debootstrap_itself_may_be_out_of_reach(only: Commands, tmp_path: Path) -> None:
    only(ROOT_USER, apt_get="echo 'E: Unable to locate package debootstrap' >&2; exit 100")
    with pytest.raises(Unavailable, match="apt could not install debootstrap: E: Unable to locate"):
        debootstrap(tmp_path / "root", ["python3"])
