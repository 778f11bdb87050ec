"""A function in the runner's own process, where a breakpoint of a debugger stops it.

Where `python -m functions.local run --debug predict` is started under a debugger (that of an editor, pdb, or
`python -m debugpy --listen 5678 -m functions.local run --debug predict`), it debugs the function as well. A
`breakpoint()` in the code opens pdb in the terminal. Everything else of the function is as it is in a process
of its own: one invocation at a time, events and answers in JSON, the environment that the template declares.
"""

import asyncio
import json
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import ExitStack, closing, redirect_stdout
from queue import SimpleQueue
from typing import Any, TextIO, cast

from functions.local.platform import worker
from functions.local.platform.function_process import (
    FunctionError,
    OnLog,
    context_of,
    environment_of,
    result_of,
)
from functions.local.platform.template import Function, Template
from functions.local.process.environment import exported

# Whoever steps through a handler is not hurried by what the handler is told of its deadline.
DEADLINE_SECONDS = 24 * 3600.0


class DebuggedFunction:
    """Starts at the first invocation, in a thread, and takes as long as whoever debugs it."""

    def __init__(
        self, function: Function, environment: Mapping[str, str], on_log: OnLog, *, region: str = "us-east-1"
    ) -> None:
        self.function = function
        self._environment = environment_of(function, environment)
        self._on_log = on_log
        self._region = region
        self._one_at_a_time = asyncio.Lock()
        # None: there are no more.
        self._invocations: SimpleQueue[tuple[str, Future[str]] | None] = SimpleQueue()
        self._changes = ExitStack()
        self._ready: asyncio.Future[str] | None = None

    async def invoke(self, event: Any) -> Any:
        """The handler's answer to `event`. Raises `FunctionError`."""
        async with self._one_at_a_time:
            ready = json.loads(await asyncio.shield(self._start()))
            if "error" in ready:
                raise FunctionError("Runtime.ImportModuleError", ready["error"]["errorMessage"])
            context = context_of(self.function, self._region, DEADLINE_SECONDS)
            answer: Future[str] = Future()
            self._invocations.put((json.dumps({"event": event, "context": context}), answer))
            text: str = await asyncio.wrap_future(answer)
            return result_of(json.loads(text))

    @property
    def is_running(self) -> bool:
        """Whether the handler is imported."""
        return self._ready is not None and self._ready.done()

    async def stop_if_unused(self, _seconds: float, /) -> bool:
        """Never: what is debugged stays as it is. Returns False."""
        return False

    async def stop(self) -> None:
        """Let it end once it has answered, and give the process its environment and standard output back. One
        that stands at a breakpoint ends with the process."""
        self._invocations.put(None)
        self._changes.close()

    def _start(self) -> "asyncio.Future[str]":
        if self._ready is None:
            # What else runs in this process needs nothing that this takes away: it only adds.
            self._changes.enter_context(exported(self._environment))
            loop = asyncio.get_running_loop()

            def on_line(line: str) -> None:
                loop.call_soon_threadsafe(self._on_log, self.function.id, line)

            output = cast(TextIO, _WithoutLogLines(sys.stdout, threading.get_ident(), on_line))
            self._changes.enter_context(redirect_stdout(output))
            ready: Future[str] = Future()
            threading.Thread(target=self._work, args=(ready,), name=self.function.id, daemon=True).start()
            self._ready = asyncio.wrap_future(ready)
        return self._ready

    def _work(self, ready: "Future[str]") -> None:
        # Mangum asks for the loop of its thread; only the main thread has one by itself.
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        with closing(loop):
            try:
                handler = worker.load(self.function.handler)
            except BaseException as error:  # a handler that exits at import has failed to import, too
                ready.set_result(worker.failure(error))
                return
            ready.set_result(json.dumps({"ready": True}))
            while invocation := self._invocations.get():
                line, answer = invocation
                if answer.set_running_or_notify_cancel():
                    answer.set_result(_invoke(handler, line))


def find_function(template: Template, name: str) -> str:
    """The id of a function by its id, or by its folder: `PredictFunction`, `predict`.

    Raises `ValueError` for no function, and for the folder of several.
    """
    folders = {id_: function.handler.split(".")[1] for id_, function in template.functions.items()}
    if name in folders:
        return name
    match [id_ for id_, folder in folders.items() if folder == name]:
        case [id_]:
            return id_
        case []:
            raise ValueError(f"there is no function {name}, only {', '.join(sorted(set(folders.values())))}")
        case several:
            raise ValueError(f"{name} has several functions: name one of {', '.join(sorted(several))}")


def _invoke(handler: worker.Handler, line: str) -> str:
    try:
        return worker.invoke(handler, line)
    except BaseException as error:  # in a process of its own it would have ended that; not the runner
        return worker.failure(error)


class _WithoutLogLines:
    """Standard output, but for the lines of log that a function writes: JSON, from another thread than the
    runner's. What else it prints, and what a debugger asks, goes to the terminal at once."""

    def __init__(self, stream: TextIO, runner: int, on_line: Callable[[str], None]) -> None:
        self._stream = stream
        self._runner = runner
        self._on_line = on_line

    def write(self, text: str) -> int:
        if threading.get_ident() == self._runner or not text.startswith('{"'):
            return self._stream.write(text)
        for line in text.splitlines():
            self._on_line(line)
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
