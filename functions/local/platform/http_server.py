"""The gateway on a port of this machine."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn

from functions.local.platform.gateway import Gateway
from functions.local.process.listening import listen, port_of


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: Ctrl-C stops the runner, and the runner stops the server."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serve_http(gateway: Gateway, port: int) -> AsyncIterator[int]:
    with listen(port) as listener:
        server = _Server(
            uvicorn.Config(
                gateway, lifespan="off", log_config=None, access_log=False, timeout_graceful_shutdown=3
            )
        )
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            # The socket listens already: a request that comes before the server is up waits in its queue.
            yield port_of(listener)
        finally:
            server.should_exit = True
            await serving
