"""Asynchronous invocation: nobody waits for the answer, so Lambda retries, then keeps the event."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from functions.local.function_process import FunctionError, FunctionProcess

# Lambda waits one minute, then two. Whoever sits in front of a laptop does not.
DELAYS = (1.0, 2.0)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an event ended: with the function's answer, or with the error of the last attempt."""

    function: str
    event: Any
    answer: Any = None
    error: FunctionError | None = None
    attempts: int = 1


async def deliver(process: FunctionProcess, event: Any, *, delays: Sequence[float] = DELAYS) -> Outcome:
    """Invoke until the function answers, at most `retries` times again. The outcome tells of failures."""
    retries = process.function.retries
    attempt = 0
    while True:
        attempt += 1
        try:
            answer = await process.invoke(event)
        except FunctionError as error:
            if attempt > retries:
                return Outcome(process.function.id, event, error=error, attempts=attempt)
        else:
            return Outcome(process.function.id, event, answer=answer, attempts=attempt)
        await asyncio.sleep(delays[min(attempt, len(delays)) - 1])
