"""A function in a process of its own, one invocation at a time, as a Lambda execution environment has it; and
invocations that nobody waits for, which Lambda repeats."""

import asyncio
import contextlib
import json
import os
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from functions.local.platform.template import ACCOUNT, Function
from functions.local.process.child import LINE_LIMIT, Child

OnLog = Callable[[str, str], None]

# Lambda allows ten seconds. The first import of scikit-learn, which compiles it, took over 60 where a dozen
# processes shared two cores.
INIT_SECONDS = 300.0
# Between the attempts of an invocation that nobody waits for, Lambda waits one minute, then two. Whoever sits
# in front of a laptop does not.
DELAYS = (1.0, 2.0)


class FunctionError(Exception):
    """The function raised, crashed, was too slow or could not be imported. `type` is Lambda's errorType."""

    def __init__(self, type_: str, message: str) -> None:
        super().__init__(f"{type_}: {message}")
        self.type = type_
        self.message = message


class FunctionTimeout(FunctionError):
    """The function did not answer within its timeout and was killed."""


class RunningFunction(Protocol):
    """A function that is invoked, wherever it runs."""

    function: Function

    async def invoke(self, event: Any, /) -> Any:
        """The handler's answer to `event`. Raises `FunctionError`, `FunctionTimeout`."""

    @property
    def is_running(self) -> bool:
        """Whether it is warm now."""

    async def stop_if_unused(self, seconds: float, /) -> bool:
        """Cool it down if nobody has used it for so long. Returns whether that was done."""

    async def stop(self) -> None:
        """End it, and with it an invocation under way."""


def environment_of(function: Function, machine: Mapping[str, str]) -> dict[str, str]:
    """The environment that a function runs in: the template's, and what this machine sets."""
    return {
        **function.environment,
        # What the machine sets wins, so that `LIFEBOAT_REFRESH_SECONDS=1 make run` does what it says.
        **machine,
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
    }


def context_of(function: Function, region: str, seconds: float) -> dict[str, Any]:
    """What a handler is told of a new invocation, which may take so many seconds."""
    return {
        "aws_request_id": str(uuid.uuid4()),
        "function_name": function.name,
        "invoked_function_arn": f"arn:aws:lambda:{region}:{ACCOUNT}:function:{function.name}",
        "memory_limit_in_mb": str(function.memory),
        "deadline": time.time() + seconds,
    }


def result_of(answer: Any) -> Any:
    """What the handler returned. Raises `FunctionError` when it raised."""
    if "error" in answer:
        raise FunctionError(answer["error"]["errorType"], answer["error"]["errorMessage"])
    return answer["result"]


class FunctionProcess:
    """Starts at the first invocation, stays warm, and starts afresh after a crash or a timeout."""

    def __init__(
        self, function: Function, environment: Mapping[str, str], on_log: OnLog, *, region: str = "us-east-1"
    ) -> None:
        self.function = function
        self._environment = environment_of(function, environment)
        self._region = region
        self._on_log = on_log
        self._one_at_a_time = asyncio.Lock()
        self._sandbox: _Sandbox | None = None
        self._used = time.monotonic()

    async def invoke(self, event: Any) -> Any:
        """The handler's answer to `event`. Raises `FunctionError`, `FunctionTimeout`."""
        async with self._one_at_a_time:
            try:
                sandbox = await self._warm()
                answer = await self._ask(sandbox, event)
            except BaseException:
                # Whoever did not answer is not asked again: the answer would be taken for the next one's.
                await self._discard()
                raise
            finally:
                self._used = time.monotonic()
        return result_of(answer)

    @property
    def is_running(self) -> bool:
        """Whether there is a process now."""
        return self._sandbox is not None and self._sandbox.child.alive

    async def stop_if_unused(self, seconds: float) -> bool:
        """End the process if nobody has used it for so long; the next invocation starts another. Returns
        whether it was ended."""
        if not self.is_running or self._one_at_a_time.locked():
            return False
        async with self._one_at_a_time:
            if self._sandbox is None or time.monotonic() - self._used < seconds:
                return False
            # Not killed: what it has in hand for its log, it writes.
            await self._sandbox.child.stop()
            await self._discard()
        return True

    async def stop(self) -> None:
        """End the process, and with it an invocation under way."""
        if self._sandbox:
            await self._sandbox.child.stop()
        await self._discard()

    async def _warm(self) -> "_Sandbox":
        if self._sandbox and self._sandbox.child.alive:
            return self._sandbox
        await self._discard()
        self._sandbox = await _Sandbox.start(
            self.function.handler, self._environment, lambda line: self._on_log(self.function.id, line)
        )
        try:
            async with asyncio.timeout(INIT_SECONDS):
                answer = await self._sandbox.answer()
        except TimeoutError:
            message = (
                f"not ready after {INIT_SECONDS:.0f} seconds of imports; try again when the machine is less "
                "busy"
            )
            raise FunctionTimeout("Sandbox.Timedout", message) from None
        if "error" in answer:
            raise FunctionError("Runtime.ImportModuleError", answer["error"]["errorMessage"])
        return self._sandbox

    async def _ask(self, sandbox: "_Sandbox", event: Any) -> Any:
        timeout = self.function.timeout
        context = context_of(self.function, self._region, timeout)
        try:
            async with asyncio.timeout(timeout):
                with contextlib.suppress(ConnectionError):  # reading the answer tells how the process ended
                    await sandbox.child.send(json.dumps({"event": event, "context": context}).encode())
                return await sandbox.answer()
        except TimeoutError:
            message = f"{context['aws_request_id']} Task timed out after {timeout:.2f} seconds"
            raise FunctionTimeout("Sandbox.Timedout", message) from None

    async def _discard(self) -> None:
        sandbox, self._sandbox = self._sandbox, None
        if sandbox:
            await sandbox.child.kill()
            sandbox.pipe.close()


@dataclass(frozen=True, slots=True)
class _Sandbox:
    """A worker and the pipe on which it answers."""

    child: Child
    answers: asyncio.StreamReader
    pipe: asyncio.BaseTransport

    @classmethod
    async def start(
        cls, handler: str, environment: Mapping[str, str], on_line: Callable[[str], None]
    ) -> "_Sandbox":
        receiving, sending = os.pipe()
        answers = asyncio.StreamReader(limit=LINE_LIMIT)
        pipe, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(answers), os.fdopen(receiving, "rb")
        )
        try:
            child = await Child.start(
                "functions.local.platform.worker",
                handler,
                str(sending),
                on_line=on_line,
                environment=environment,
                descriptors=[sending],
            )
        except BaseException:
            pipe.close()
            raise
        finally:
            # Only the child holds this end now: when it dies, reading ends.
            os.close(sending)
        return cls(child, answers, pipe)

    async def answer(self) -> Any:
        """The next answer. Raises `FunctionError` when the process ends without one."""
        if line := await self.answers.readline():
            return json.loads(line)
        code = await self.child.wait()
        how = f"exit status {code}" if code >= 0 else f"signal {-code}"
        raise FunctionError("Runtime.ExitError", f"the function's process ended: {how}")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an event ended: with the function's answer, or with the error of the last attempt."""

    function: str
    event: Any
    answer: Any = None
    error: FunctionError | None = None
    attempts: int = 1


async def deliver(function: RunningFunction, event: Any, *, delays: Sequence[float] = DELAYS) -> Outcome:
    """Invoke until the function answers, at most `retries` times again. The outcome tells of failures."""
    retries = function.function.retries
    attempt = 0
    while True:
        attempt += 1
        try:
            answer = await function.invoke(event)
        except FunctionError as error:
            if attempt > retries:
                return Outcome(function.function.id, event, error=error, attempts=attempt)
        else:
            return Outcome(function.function.id, event, answer=answer, attempts=attempt)
        await asyncio.sleep(delays[min(attempt, len(delays)) - 1])
