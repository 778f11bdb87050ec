"""Asynchronous invocation: retries, and what happens after the last."""

import asyncio
from typing import Any, cast

from functions.local.asynchronous import Outcome, deliver
from functions.local.function_process import FunctionError, FunctionProcess
from functions.local.story import describe
from functions.local.template import Function


class Process:
    """A function that fails a number of times before it answers."""

    function = Function("F", "f", "a.b", {}, 3.0, 128, retries=2)

    def __init__(self, failures: int) -> None:
        self.failures = failures

    async def invoke(self, event: Any) -> Any:
        if self.failures:
            self.failures -= 1
            raise FunctionError("ConnectionError", "the store is away")
        return {"results": [{"key": "a.csv", "status": "promoted", "version": "v", "reason": "better"}]}


def outcome(failures: int) -> Outcome:
    return asyncio.run(deliver(cast(FunctionProcess, Process(failures)), {"a": 1}, delays=(0.0, 0.0)))


def test_a_function_that_answers_is_invoked_once() -> None:
    found = outcome(failures=0)
    assert (found.attempts, found.error, found.event) == (1, None, {"a": 1})
    assert describe(found) == ["a.csv: promoted, version v (better)"]


def test_a_function_that_fails_twice_is_invoked_three_times() -> None:
    found = outcome(failures=2)
    assert (found.attempts, found.error) == (3, None)


def test_after_the_third_failure_the_event_goes_to_the_failure_queue() -> None:
    found = outcome(failures=3)
    assert found.attempts == 3
    assert describe(found) == [
        "F failed 3 times: ConnectionError: the store is away",
        "F: the event was sent to the failure queue (here: nowhere)",
    ]


def test_an_answer_of_another_shape_is_shown_as_it_is() -> None:
    assert describe(Outcome("F", {}, answer=[1])) == ["F answered [1]"]
