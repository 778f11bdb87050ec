"""Work that ends early: what is lost is said, and the work is cancelled and cleans up first."""

import asyncio
from typing import NoReturn

import pytest

from functions.local.process.stopping import until_lost


class Lost(Exception):
    pass


async def never() -> NoReturn:
    await asyncio.get_running_loop().create_future()
    raise AssertionError


def test_work_that_is_done_returns_and_nothing_is_waited_for() -> None:
    async def work() -> int:
        return 7

    assert asyncio.run(until_lost(work(), never())) == 7


def test_a_loss_ends_the_work_which_cleans_up() -> None:
    cleaned: list[str] = []

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            cleaned.append("up")

    async def loss() -> NoReturn:
        raise Lost("gone")

    with pytest.raises(Lost, match="gone"):
        asyncio.run(until_lost(work(), loss()))
    assert cleaned == ["up"]


def test_work_that_fails_raises_its_own_error() -> None:
    async def work() -> None:
        raise ValueError("of the work")

    with pytest.raises(ValueError, match="of the work"):
        asyncio.run(until_lost(work(), never()))
