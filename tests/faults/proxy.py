"""A proxy before a real server, which does to its answers what networks, overload and strangers do."""

import asyncio
import random
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from functions.local.process.listening import HOST

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_EXPECTS = re.compile(rb"\r\nexpect: *100-continue", re.IGNORECASE)
# Longer than anybody waits for an answer.
HANGS = 60.0
PAGE = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body><h1>Sign in</h1></body></html>"
_SLOW_DOWN = b"<?xml version='1.0'?><Error><Code>SlowDown</Code></Error>"


@dataclass(frozen=True)
class Fault:
    """What becomes of an answer.

    instead: sent without asking the server; None: the server is asked. changed: what the bytes become.
    delay: in seconds, before the answer. pause: after each sixteenth of it. resets: at the end the connection
    breaks.
    """

    instead: bytes | None = None
    changed: Callable[[bytes], bytes] | None = None
    delay: float = 0.0
    pause: float = 0.0
    resets: bool = False


NONE = Fault()


def answer(status: str, body: bytes, kind: str) -> bytes:
    lines = [
        f"HTTP/1.1 {status}",
        f"Content-Type: {kind}",
        f"Content-Length: {len(body)}",
        "Connection: close",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


def in_the_head(whole: bytes) -> bytes:
    return whole[:25]


def in_the_body(whole: bytes) -> bytes:
    head, line, body = whole.partition(b"\r\n\r\n")
    return head + line + body[: len(body) // 2]


def before_the_end(whole: bytes) -> bytes:
    return whole[:-1]


def garbled(whole: bytes) -> bytes:
    """One bit of a fiftieth of the body, and of one byte at least: what is text is none any more."""
    head, line, body = whole.partition(b"\r\n\r\n")
    chance = random.Random(len(body))  # noqa: S311 (the same each time)
    damaged = bytearray(body)
    for place in chance.sample(range(len(body)), k=-(-len(body) // 50)):
        damaged[place] ^= 0x80
    return head + line + bytes(damaged)


def garbled_head(whole: bytes) -> bytes:
    return (
        bytes(byte ^ 0x80 if place % 7 == 5 else byte for place, byte in enumerate(whole[:200])) + whole[200:]
    )


FAULTS = {
    "cut in the head": Fault(changed=in_the_head),
    "cut in the body": Fault(changed=in_the_body),
    "cut before the last byte": Fault(changed=before_the_end),
    "garbled body": Fault(changed=garbled),
    "garbled head": Fault(changed=garbled_head),
    "nothing, and closed": Fault(instead=b""),
    "reset": Fault(instead=b"", resets=True),
    "reset in the body": Fault(changed=in_the_body, resets=True),
    "500": Fault(instead=answer("500 Internal Server Error", b"", "text/plain")),
    "503 SlowDown": Fault(instead=answer("503 Slow Down", _SLOW_DOWN, "application/xml")),
    "a page with 200": Fault(instead=answer("200 OK", PAGE, "text/html")),
    "a page with 502": Fault(instead=answer("502 Bad Gateway", PAGE, "text/html")),
    "a redirect": Fault(instead=answer("307 Temporary Redirect", b"", "text/plain")),
    "delayed by half a second": Fault(delay=0.5),
    "in sixteen pieces": Fault(pause=0.05),
}


class Proxy:
    """Between clients and the server at `upstream`, on a port of its own. `fault` is what it does now."""

    def __init__(self, upstream: int) -> None:
        self.upstream = upstream
        self.fault = NONE
        self.requests = 0
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        assert self._server
        return f"http://{HOST}:{self._server.sockets[0].getsockname()[1]}"

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._connected, HOST, 0)

    async def stop(self) -> None:
        if self._server:
            self._server.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Whoever breaks off, client or server, ends this connection and no other.
        with suppress(OSError, asyncio.IncompleteReadError, TimeoutError):
            await self._answered(reader, writer)
        with suppress(OSError):
            writer.close()

    async def _answered(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.requests += 1
        fault = self.fault
        await asyncio.sleep(fault.delay)
        whole = fault.instead
        if whole is None:
            body = await _body(head, reader, writer)
            whole = await asyncio.wait_for(self._asked(_EXPECTS.sub(b"", head) + body), HANGS)
        if fault.changed:
            whole = fault.changed(whole)
        step = len(whole) // 16 + 1 if fault.pause else max(len(whole), 1)
        for start in range(0, len(whole), step):
            writer.write(whole[start : start + step])
            await writer.drain()
            await asyncio.sleep(fault.pause)
        if fault.resets:
            writer.transport.abort()

    async def _asked(self, request: bytes) -> bytes:
        """The server's whole answer. It closes the connection after each, as moto's does."""
        reader, writer = await asyncio.open_connection(HOST, self.upstream)
        try:
            writer.write(request)
            await writer.drain()
            return await reader.read()
        finally:
            writer.close()


async def _body(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    length = _LENGTH.search(head)
    if length is None:
        return b""
    if _EXPECTS.search(head):
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        await writer.drain()
    return await reader.readexactly(int(length[1]))
