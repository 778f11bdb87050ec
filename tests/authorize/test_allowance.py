"""How many refusals are told why, before the gateway refuses by itself."""

import json

import pytest

from functions.authorize.allowance import Allowance
from tests.support.clock import Clock


def test_so_many_are_given_at_once_and_so_many_each_second_from_then_on() -> None:
    clock = Clock()
    allowance = Allowance(burst=3, per_second=2, clock=clock)
    assert [allowance.take() for _ in range(5)] == [True, True, True, False, False]
    clock.now = 0.5
    assert [allowance.take() for _ in range(2)] == [True, False]
    clock.now = 1000
    assert [allowance.take() for _ in range(5)] == [True, True, True, False, False]


def test_a_clock_that_goes_back_gives_nothing_away() -> None:
    clock = Clock()
    clock.now = 100
    allowance = Allowance(burst=1, per_second=1, clock=clock)
    assert allowance.take()
    clock.now = 0
    assert not allowance.take()
    clock.now = 1
    assert allowance.take()


def test_that_there_are_none_left_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    allowance = Allowance(burst=4, per_second=1, clock=clock)
    for _ in range(50):
        allowance.take()
        clock.now += 0.01
    [line] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (line["level"], "refuses them by itself" in line["message"]) == ("WARNING", True)
    # The next flood is told of again.
    clock.now += 4
    for _ in range(50):
        allowance.take()
    assert len(capsys.readouterr().out.splitlines()) == 1
