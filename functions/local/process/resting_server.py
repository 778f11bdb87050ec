"""Keeps a server's place: it is started by the first request, and ended when nobody has used it for a while.

    python -m functions.local.process.resting_server --port 5000 --ready /health -- COMMAND --port {port}

Whoever asks meanwhile waits until it answers. Bytes are passed on as they are, so that the server may speak
whatever it likes. No library but Python's own: it runs in any environment, as in the container of MLflow.
"""

import argparse
import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from functions.local.process.listening import HOST, listen, port_of
from functions.local.process.stopping import INTERRUPTED, until_stopped

REST_SECONDS = 900.0
# To import a large server and make its tables, on a machine with other work.
_START_SECONDS = 300.0
_END_SECONDS = 10.0
_POLL_SECONDS = 0.1
_CHUNK = 64 * 1024
_PORT = "{port}"


class DidNotStart(Exception):
    """The server ended before it answered, or took too long."""


@dataclass(eq=False)
class _Passage:
    """A connection, and whether its last word was the client's: then the server is at work."""

    is_awaited: bool = False
    writers: list[asyncio.StreamWriter] = field(default_factory=list)


class RestingServer:
    """A server behind a port, which is there only while somebody uses it.

    command: starts it; `{port}` in it stands for the port at which it is to listen. ready: a path that it
    answers with 200 when it can be used. rest_after: seconds without a byte and without a request that waits
    for its answer, until it is ended.
    """

    def __init__(self, command: Sequence[str], *, ready: str, rest_after: float) -> None:
        self._command = command
        self._ready = ready
        self._rest_after = rest_after
        self._starting = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None
        self._port = 0
        self._used = time.monotonic()
        self._passages: set[_Passage] = set()

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def serve(self, listener: socket.socket) -> None:
        """Take connections until cancelled; then the server ends, too."""
        server = await asyncio.start_server(self._take, sock=listener)
        try:
            while True:
                await asyncio.sleep(min(self._rest_after / 4, 5.0))
                await self._rest()
        finally:
            server.close()
            await self._stop()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Cancelled at the end of all, which asyncio takes for a fault that nobody looked at.
        with suppress(asyncio.CancelledError):
            await self._serve_connection(reader, writer)

    async def _serve_connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        passage = _Passage(writers=[writer])
        self._passages.add(passage)
        try:
            # Browsers open connections beforehand, of which some are never used: these wake nobody.
            if not (first := await reader.read(_CHUNK)):
                return
            passage.is_awaited = True
            self._used = time.monotonic()
            try:
                inner_reader, inner_writer = await self._connect()
            except (DidNotStart, OSError) as error:
                _say(f"{error}")
                writer.write(_refusal(f"The server behind this address did not start: {error}"))
                await writer.drain()
                return
            passage.writers.append(inner_writer)
            inner_writer.write(first)
            async with asyncio.TaskGroup() as both_ways:
                both_ways.create_task(self._pass_on(reader, inner_writer, passage, awaited=True))
                both_ways.create_task(self._pass_on(inner_reader, writer, passage, awaited=False))
        except* OSError:
            # Whichever end went away: the other sees its connection close.
            pass
        finally:
            self._passages.discard(passage)
            for end in passage.writers:
                end.close()

    async def _pass_on(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, passage: _Passage, *, awaited: bool
    ) -> None:
        while chunk := await reader.read(_CHUNK):
            passage.is_awaited = awaited
            self._used = time.monotonic()
            writer.write(chunk)
            await writer.drain()
        # An end that has said all may still be answered.
        if awaited:
            writer.write_eof()
        else:
            writer.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection to the server, which is started if need be. Raises `DidNotStart`, `OSError`."""
        async with self._starting:
            if not self.is_running:
                await self._start()
        return await asyncio.open_connection(HOST, self._port)

    async def _start(self) -> None:
        with listen(0) as free:
            self._port = port_of(free)
        began = time.monotonic()
        self._process = await asyncio.create_subprocess_exec(
            *(word.replace(_PORT, str(self._port)) for word in self._command),
            stdin=asyncio.subprocess.DEVNULL,
            # What it starts itself ends with it.
            start_new_session=True,
        )
        try:
            await self._until_ready(self._process)
        except BaseException:
            await self._stop()
            raise
        self._used = time.monotonic()
        _say(f"woken by a request, ready after {self._used - began:.1f} s")

    async def _until_ready(self, process: asyncio.subprocess.Process) -> None:
        try:
            async with asyncio.timeout(_START_SECONDS):
                while process.returncode is None:
                    if await self._is_ready():
                        return
                    await asyncio.sleep(_POLL_SECONDS)
        except TimeoutError:
            raise DidNotStart(f"it does not answer after {_START_SECONDS:.0f} seconds") from None
        raise DidNotStart(f"its process ended with {process.returncode}; its own words are in this log")

    async def _is_ready(self) -> bool:
        with suppress(OSError):
            reader, writer = await asyncio.open_connection(HOST, self._port)
            try:
                writer.write(
                    f"GET {self._ready} HTTP/1.0\r\nHost: {HOST}:{self._port}\r\n\r\n".encode("ascii")
                )
                status = (await reader.readline()).split()
                return status[1:2] == [b"200"]
            finally:
                writer.close()
        return False

    async def _rest(self) -> None:
        """End the server if nobody has used it for long enough."""
        idle = time.monotonic() - self._used
        if idle < self._rest_after or self._starting.locked() or not self.is_running:
            return
        if any(passage.is_awaited for passage in self._passages):
            return
        async with self._starting:
            # Connections that are kept open without a use would see theirs close in any case.
            for passage in [*self._passages]:
                for end in passage.writers:
                    end.close()
            await self._stop()
        _say(f"rests: nobody has used it for {idle:.0f} s; the next request wakes it")

    async def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            process.terminate()
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), _END_SECONDS)
        # And what it has started and left.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def _refusal(text: str) -> bytes:
    body = f"{text}\n".encode()
    return (
        b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\n"
        b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body)
    ) + body


def _say(text: str) -> None:
    print(f"resting | {text}", flush=True)


async def _serve(options: argparse.Namespace) -> int:
    """Serve until cancelled. Returns 1 where another listens at the port: nobody would find it elsewhere."""
    with listen(options.port) as listener:
        port = port_of(listener)
        if options.port not in (0, port):
            print(f"Failed: port {options.port} is taken; name another with --port", file=sys.stderr)
            return 1
        _say(f"http://{HOST}:{port} wakes {options.command[0]}")
        server = RestingServer(options.command, ready=options.ready, rest_after=options.rest_after)
        await server.serve(listener)
    return 0


def _seconds(text: str) -> float:
    if not float(text) > 0:
        raise argparse.ArgumentTypeError(f"more than 0, got {text}")
    return float(text)


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code: 0 stopped, 1 failed, 2 wrong use."""
    parser = argparse.ArgumentParser(
        prog="python -m functions.local.process.resting_server",
        description="Start a server when somebody asks for it, and end it when nobody does.",
    )
    parser.add_argument(
        "--port", type=int, required=True, help="where it is asked for, here only; 0: a free one"
    )
    parser.add_argument(
        "--rest-after", type=_seconds, default=REST_SECONDS, metavar="SECONDS", help="without a use"
    )
    parser.add_argument(
        "--ready", required=True, metavar="PATH", help="answered with 200 once it can be used"
    )
    parser.add_argument("command", nargs="+", help="that starts it; {port} in it is where it is to listen")
    options = parser.parse_args(arguments)
    if not any(_PORT in word for word in options.command):
        parser.error(f"the command names no {_PORT} at which it is to listen")
    code = asyncio.run(until_stopped(_serve(options)))
    return 0 if code == INTERRUPTED else code


if __name__ == "__main__":
    sys.exit(main())
