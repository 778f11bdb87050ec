"""Where no container engine answers and none can be started, the reason is told."""

import pytest

from tests.support.commands import ROOT_USER, SOMEBODY, Commands
from tests.support.engine import running_engine
from tests.support.machine import Unavailable


def test_without_an_engine_only_root_goes_on(only: Commands) -> None:
    only(SOMEBODY, docker="exit 1")
    with pytest.raises(Unavailable, match="only root could start one"), running_engine():
        pass


def test_an_engine_that_does_not_start_tells_why(only: Commands) -> None:
    only(ROOT_USER, docker="exit 1", dockerd="echo 'cannot mount cgroups'; exit 1")
    with pytest.raises(Unavailable, match="cannot mount cgroups"), running_engine():
        pass
