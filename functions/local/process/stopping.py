"""Work that ends early: when a signal asks to stop, or when what it depends on is lost."""

import asyncio
import signal
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, NoReturn, TypeVar

INTERRUPTED = 130

T = TypeVar("T")


async def until_stopped(work: Coroutine[Any, Any, int]) -> int:
    """Do `work`. When a signal asks to stop, cancel it, let it clean up and return `INTERRUPTED`."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    working, stopping = asyncio.create_task(work), asyncio.create_task(stop.wait())
    await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if working.done():
        return working.result()
    await _cancel(working)
    return INTERRUPTED


async def until_lost(work: Coroutine[Any, Any, T], loss: Coroutine[Any, Any, NoReturn]) -> T:
    """Do `work` until `loss` raises. Raises the same then, once `work` is cancelled."""
    working, losing = asyncio.create_task(work), asyncio.create_task(loss)
    try:
        await asyncio.wait({working, losing}, return_when=asyncio.FIRST_COMPLETED)
        if losing.done():
            # What has gone wrong since is only the consequence.
            losing.result()
        return working.result()
    finally:
        await _cancel(working)
        await _cancel(losing)


async def _cancel(task: asyncio.Task[Any]) -> None:
    if not task.done():
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
