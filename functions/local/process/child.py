"""A child process in a session of its own, which passes on what it prints and leaves nothing behind."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import cast

OnLine = Callable[[str], None]

# The repository: what `functions` is imported from, in a child as in its parent.
ROOT = Path(__file__).parents[3]

LINE_LIMIT = 16 * 1024 * 1024


class Child:
    """A Python module run as a process. Its standard input, while open, keeps it alive."""

    def __init__(self, process: asyncio.subprocess.Process, on_line: OnLine) -> None:
        self._process = process
        # `start` asks for both pipes.
        self._input = cast(asyncio.StreamWriter, process.stdin)
        self._output = cast(asyncio.StreamReader, process.stdout)
        self._lines = asyncio.create_task(self._pass_on_lines(on_line))

    @classmethod
    async def start(
        cls,
        module: str,
        *arguments: str,
        on_line: OnLine,
        environment: Mapping[str, str],
        descriptors: Sequence[int] = (),
    ) -> "Child":
        """Run `python -m module arguments` in `environment`, which is all that it gets of one.

        It inherits `descriptors`, which stay open here.
        """
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", module, *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            cwd=ROOT,
            env={**environment, "PYTHONUNBUFFERED": "1"},
            pass_fds=descriptors,
            # Ctrl-C in the terminal reaches the runner alone, which then stops its children in order.
            start_new_session=True,
            limit=LINE_LIMIT,
        )  # fmt: skip
        return cls(process, on_line)

    @property
    def alive(self) -> bool:
        return self._process.returncode is None

    @property
    def pid(self) -> int:
        return self._process.pid

    async def send(self, line: bytes) -> None:
        """Write a line to the child. Raises `ConnectionError` when it is gone."""
        self._input.write(line + b"\n")
        await self._input.drain()

    async def wait(self) -> int:
        """Wait for the end of the child and of its output. Returns the exit code, negative for a signal."""
        code = await self._process.wait()
        # Who waits may be cancelled; the lines are passed on all the same.
        await asyncio.shield(self._lines)
        return code

    async def stop(self, grace: float = 3) -> None:
        """Close the child's standard input; after `grace` seconds, kill it and whatever it started."""
        self._input.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), grace)
        await self.kill()

    async def kill(self) -> None:
        """Kill the child and whatever it started in its session."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        await self.wait()

    async def _pass_on_lines(self, on_line: OnLine) -> None:
        while line := await self._output.readline():
            on_line(line.decode(errors="replace").rstrip("\r\n"))
