"""Functions in processes of their own: answers, failures, timeouts, retries, and no process left behind."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, cast

import pytest

from functions.local.platform.function_process import (
    FunctionError,
    FunctionProcess,
    FunctionTimeout,
    Outcome,
    deliver,
)
from functions.local.platform.template import Function
from functions.local.story.loop import describe

ROOT = Path(__file__).parents[3]
HANDLERS = "tests.local.handlers"


def use(
    handler: str, act: Callable[[FunctionProcess], Awaitable[Any]], *, timeout: float = 10.0
) -> tuple[Any, list[str]]:
    """What `act` returns for a function, and what the function logged."""
    log: list[str] = []
    function = Function("F", "lifeboat-f", f"{HANDLERS}.{handler}", {"GREETING": "template"}, timeout, 512, 2)

    async def go() -> Any:
        process = FunctionProcess(function, os.environ.copy(), lambda id_, line: log.append(f"{id_} {line}"))
        try:
            return await act(process)
        finally:
            await process.stop()

    return asyncio.run(go()), log


def wait_for(file: Path) -> None:
    while not file.exists() or not file.read_text():
        time.sleep(0.05)


def gone(pid: int) -> bool:
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def test_a_handler_sees_what_lambda_would_show_it() -> None:
    async def act(process: FunctionProcess) -> Any:
        return await process.invoke({"a": "é"})

    answer, log = use("echo", act)
    assert answer["event"] == {"a": "é"}
    assert answer["function_name"] == "lifeboat-f"
    assert answer["memory"] == "512"
    assert answer["arn"] == "arn:aws:lambda:us-east-1:123456789012:function:lifeboat-f"
    assert 0 < answer["remaining"] <= 10_000
    assert len(answer["request_id"]) == 36
    assert answer["environment"] == "template"
    # The stream of invocations is not the handler's to read.
    assert answer["standard_input"] == ""
    assert log == ["F echoing"]


def test_the_environment_of_the_machine_wins_over_the_template(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GREETING", "machine")
    answer, _ = use("echo", lambda process: process.invoke({}))
    assert answer["environment"] == "machine"


def test_invocations_run_one_at_a_time_in_one_warm_process() -> None:
    async def act(process: FunctionProcess) -> Any:
        return await asyncio.gather(*(process.invoke({"number": number}) for number in range(20)))

    answers, _ = use("echo", act)
    assert [answer["event"]["number"] for answer in answers] == list(range(20))
    assert len({answer["process"] for answer in answers}) == 1


@pytest.mark.parametrize(
    ("deed", "type_", "message"),
    [
        ("raise", "LookupError", "no such passenger"),
        ("return a set", "TypeError", "not JSON serializable"),
        ("exit", "Runtime.ExitError", "exit status 1"),
        ("die", "Runtime.ExitError", "signal 9"),
    ],
)
def test_a_function_that_fails_says_how_and_answers_the_next_time(
    deed: str, type_: str, message: str
) -> None:
    async def act(process: FunctionProcess) -> Any:
        with pytest.raises(FunctionError, match=message) as caught:
            await process.invoke({"do": deed})
        return caught.value.type, await process.invoke({"do": "nothing"})

    (found, answer), log = use("act", act)
    assert found == type_
    assert answer["process"]
    if deed == "raise":
        assert "F LookupError: no such passenger" in log
    if deed == "exit":
        assert "F settings do not fit" in log


def test_a_function_that_died_while_idle_is_started_again() -> None:
    async def act(process: FunctionProcess) -> Any:
        first = (await process.invoke({"do": "nothing"}))["process"]
        os.kill(first, 9)
        await asyncio.sleep(0.2)
        return first, (await process.invoke({"do": "nothing"}))["process"]

    (first, second), _ = use("act", act)
    assert first != second


def test_a_function_that_nobody_uses_rests_and_wakes_with_the_next_invocation() -> None:
    async def act(process: FunctionProcess) -> Any:
        assert not await process.stop_if_unused(0)
        first = await process.invoke({})
        # It was used a moment ago.
        assert not await process.stop_if_unused(60)
        before = process.is_running
        assert await process.stop_if_unused(0)
        assert (before, process.is_running) == (True, False)
        assert gone(first["process"])
        return first, await process.invoke({})

    (first, again), _ = use("echo", act)
    assert first["process"] != again["process"]


def test_a_function_that_is_at_work_does_not_rest(tmp_path: Path) -> None:
    started = tmp_path / "started"

    async def act(process: FunctionProcess) -> Any:
        work = asyncio.create_task(process.invoke({"do": "sleep", "started": str(started), "seconds": 1}))
        await asyncio.to_thread(wait_for, started)
        assert not await process.stop_if_unused(0)
        return await work

    assert use("act", act)[0]["process"]


def test_a_function_that_is_too_slow_is_killed_and_started_again(tmp_path: Path) -> None:
    started = tmp_path / "started"

    async def act(process: FunctionProcess) -> Any:
        with pytest.raises(FunctionTimeout, match=r"Task timed out after 0\.50 seconds"):
            await process.invoke({"do": "sleep", "started": str(started)})
        return await process.invoke({"do": "nothing"})

    answer, _ = use("act", act, timeout=0.5)
    killed = int(started.read_text())
    assert killed != answer["process"]
    assert gone(killed)


def test_an_invocation_that_is_given_up_does_not_answer_the_next_one(tmp_path: Path) -> None:
    started = tmp_path / "started"

    async def act(process: FunctionProcess) -> Any:
        slow = asyncio.create_task(process.invoke({"do": "sleep", "seconds": 60, "started": str(started)}))
        await asyncio.to_thread(wait_for, started)
        slow.cancel()
        await asyncio.gather(slow, return_exceptions=True)
        return await process.invoke({"do": "nothing"})

    answer, _ = use("act", act)
    assert gone(int(started.read_text()))
    assert answer["process"] != int(started.read_text())


def test_stopping_ends_an_invocation_under_way(tmp_path: Path) -> None:
    started = tmp_path / "started"

    async def act(process: FunctionProcess) -> Any:
        slow = asyncio.create_task(process.invoke({"do": "sleep", "started": str(started)}))
        await asyncio.to_thread(wait_for, started)
        await process.stop()
        with pytest.raises(FunctionError, match="ended"):
            await slow

    use("act", act)
    assert gone(int(started.read_text()))


@pytest.mark.parametrize("handler", ["nothing", "missing.handler"])
def test_a_handler_that_cannot_be_imported_is_an_error_with_the_reason_in_the_log(handler: str) -> None:
    async def act(process: FunctionProcess) -> Any:
        with pytest.raises(FunctionError, match=handler.partition(".")[0]) as caught:
            await process.invoke({})
        return caught.value.type

    type_, log = use(handler, act)
    assert type_ == "Runtime.ImportModuleError"
    assert any("Traceback" in line for line in log)


def test_long_lines_and_large_answers_pass() -> None:
    async def act(process: FunctionProcess) -> Any:
        await process.invoke({"do": "write", "length": 1_000_000})

    _, log = use("act", act)
    assert len(log[0]) == len("F ") + 1_000_000
    answer, _ = use("echo", lambda process: process.invoke("x" * 5_000_000))
    assert len(answer["event"]) == 5_000_000


def test_a_worker_whose_parent_is_gone_exits_even_in_the_middle_of_an_invocation(tmp_path: Path) -> None:
    receiving, sending = os.pipe()
    worker = subprocess.Popen(
        [sys.executable, "-m", "functions.local.platform.worker", f"{HANDLERS}.act", str(sending)],
        stdin=subprocess.PIPE,
        cwd=ROOT,
        pass_fds=[sending],
    )
    os.close(sending)
    assert worker.stdin is not None
    context = {
        "aws_request_id": "r",
        "function_name": "f",
        "invoked_function_arn": "a",
        "memory_limit_in_mb": "1",
        "deadline": time.time() + 60,
    }
    event = {"do": "sleep", "started": str(tmp_path / "started")}
    with os.fdopen(receiving) as answers:
        assert json.loads(answers.readline()) == {"ready": True}
        worker.stdin.write(json.dumps({"event": event, "context": context}).encode() + b"\n")
        worker.stdin.flush()
        wait_for(tmp_path / "started")
        worker.stdin.close()
        assert worker.wait(timeout=10) == 0
        assert answers.readline() == ""


# ---- Invocations that nobody waits for


class Failing:
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
    return asyncio.run(deliver(cast(FunctionProcess, Failing(failures)), {"a": 1}, delays=(0.0, 0.0)))


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
