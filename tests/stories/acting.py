"""What a story does while template.yaml runs in this process."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from functions.local.runner import Options, Running, running


def run(act: Callable[[Running, httpx.AsyncClient], Awaitable[Any]]) -> list[str]:
    """Run template.yaml and `act` in it, as a client that keeps cookies. Returns what was logged."""
    log: list[str] = []

    async def go() -> None:
        options = Options(port=0, store_port=0)
        async with (
            running(options, lambda id_, line: log.append(f"{id_} {line}"), lambda _: None) as here,
            httpx.AsyncClient(base_url=here.api, trust_env=False, timeout=60) as client,
        ):
            await act(here, client)

    asyncio.run(go())
    return log
