"""What a machine lacks is installed, or its absence is told."""

import pytest

from tests.support.commands import ROOT_USER, SOMEBODY, Commands
from tests.support.machine import Unavailable, install, provide_command


def test_a_package_is_installed_by_apt_or_not_at_all(only: Commands) -> None:
    only(ROOT_USER)
    with pytest.raises(Unavailable, match=r"docker\.io is missing"):
        install("docker.io")


def test_apts_reason_is_told(only: Commands) -> None:
    only(ROOT_USER, apt_get="echo 'E: Unable to locate package docker.io' >&2; exit 100")
    with pytest.raises(Unavailable, match="Unable to locate package"):
        install("docker.io")


def test_only_root_installs(only: Commands) -> None:
    only(SOMEBODY, apt_get="")
    with pytest.raises(Unavailable, match=r"docker\.io is missing; install it, or run as root"):
        install("docker.io")


def test_a_command_that_is_there_is_not_installed(only: Commands) -> None:
    only(SOMEBODY, dockerd="")
    provide_command("dockerd", "docker.io")


def test_a_command_that_is_missing_is_installed_by_its_package(only: Commands) -> None:
    only(ROOT_USER, apt_get='test "$2" = update || { echo "$@" >&2; exit 1; }')
    with pytest.raises(Unavailable, match=r"apt could not install docker\.io: .*install .* docker\.io"):
        provide_command("dockerd", "docker.io")
