"""Leads connections on one address of this machine to another: to what listens on 127.0.0.1 only."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

CHUNK = 65_536


@asynccontextmanager
async def forwarded(host: str, to_host: str, to_port: int) -> AsyncIterator[int]:
    """Pass on what reaches a free port of `host`, which is yielded, to `to_host`:`to_port`, and back.

    Raises `OSError` when `host` is no address of this machine.
    """

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A far end that is not there shows as a connection that closes at once.
        with suppress(OSError):
            far_reader, far_writer = await asyncio.open_connection(to_host, to_port)
            await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))
            far_writer.close()
        writer.close()

    server = await asyncio.start_server(pass_on, host, 0)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while chunk := await reader.read(CHUNK):
            writer.write(chunk)
            await writer.drain()
        writer.write_eof()
