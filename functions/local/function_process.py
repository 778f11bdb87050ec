"""A function in a process of its own, one invocation at a time, as a Lambda execution environment has it."""

import asyncio
import contextlib
import json
import os
import time
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from functions.local.child import LINE_LIMIT, Child
from functions.local.template import ACCOUNT, Function

OnLog = Callable[[str, str], None]

# Lambda allows ten seconds; a laptop's first import of scikit-learn, from a cold disk, may take longer.
INIT_SECONDS = 60.0


class FunctionError(Exception):
    """The function raised, crashed, ran out of time or could not be imported. `type` is Lambda's errorType."""

    def __init__(self, type_: str, message: str) -> None:
        super().__init__(f"{type_}: {message}")
        self.type = type_
        self.message = message


class FunctionTimeout(FunctionError):
    """The function did not answer within its timeout and was killed."""


class FunctionProcess:
    """Starts at the first invocation, stays warm, and starts afresh after a crash or a timeout."""

    def __init__(
        self, function: Function, environment: Mapping[str, str], on_log: OnLog, *, region: str = "us-east-1"
    ) -> None:
        self.function = function
        self._environment = {
            **environment,
            **function.environment,
            "AWS_LAMBDA_FUNCTION_NAME": function.name,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
        }
        self._arn = f"arn:aws:lambda:{region}:{ACCOUNT}:function:{function.name}"
        self._on_log = on_log
        self._one_at_a_time = asyncio.Lock()
        self._child: Child | None = None
        self._answers = asyncio.StreamReader()
        self._pipe: asyncio.BaseTransport | None = None

    async def invoke(self, event: Any) -> Any:
        """The handler's answer to `event`. Raises `FunctionError`, `FunctionTimeout`."""
        async with self._one_at_a_time, self._discarded_on_failure():
            child = await self._warm()
            request_id = str(uuid.uuid4())
            context = {
                "aws_request_id": request_id,
                "function_name": self.function.name,
                "invoked_function_arn": self._arn,
                "memory_limit_in_mb": str(self.function.memory),
                "deadline": time.time() + self.function.timeout,
            }
            line = json.dumps({"event": event, "context": context}).encode()
            try:
                async with asyncio.timeout(self.function.timeout):
                    with contextlib.suppress(ConnectionError):  # a child that has died has no answer either
                        await child.send(line)
                    answer = await self._answer(child)
            except TimeoutError:
                raise FunctionTimeout(
                    "Sandbox.Timedout", f"{request_id} Task timed out after {self.function.timeout:.2f} seconds"
                ) from None
        if "error" in answer:
            raise FunctionError(answer["error"]["errorType"], answer["error"]["errorMessage"])
        return answer["result"]

    async def stop(self) -> None:
        """End the process, and with it an invocation under way."""
        if self._child:
            await self._child.stop()
        self._forget()

    async def _warm(self) -> Child:
        if self._child and self._child.alive:
            return self._child
        self._forget()
        receiving, sending = os.pipe()
        self._answers = asyncio.StreamReader(limit=LINE_LIMIT)
        self._pipe, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(self._answers), os.fdopen(receiving, "rb")
        )
        try:
            self._child = await Child.start(
                "functions.local.worker", self.function.handler, str(sending),
                on_line=lambda line: self._on_log(self.function.id, line),
                environment=self._environment,
                descriptors=[sending],
            )  # fmt: skip
        finally:
            # Only the child holds this end now: when it dies, reading ends.
            os.close(sending)
        try:
            async with asyncio.timeout(INIT_SECONDS):
                answer = await self._answer(self._child)
        except TimeoutError:
            raise FunctionTimeout("Sandbox.Timedout", f"not ready after {INIT_SECONDS:.0f} seconds") from None
        if "error" in answer:
            raise FunctionError("Runtime.ImportModuleError", f"{self.function.handler}: {answer['error']}")
        return self._child

    async def _answer(self, child: Child) -> Any:
        line = await self._answers.readline()
        if not line:
            code = await child.wait()
            how = f"exit status {code}" if code >= 0 else f"signal {-code}"
            raise FunctionError("Runtime.ExitError", f"the function's process ended: {how}")
        return json.loads(line)

    @contextlib.asynccontextmanager
    async def _discarded_on_failure(self) -> AsyncIterator[None]:
        """A process that did not answer is not asked again: its answer would be taken for the next one's."""
        try:
            yield
        except BaseException:
            if self._child:
                await self._child.kill()
            self._forget()
            raise

    def _forget(self) -> None:
        if self._pipe:
            self._pipe.close()
        self._child = self._pipe = None
