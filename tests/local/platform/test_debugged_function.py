"""A function in the runner's process: a debugger reaches it, and it has its events, log and environment."""

import asyncio
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from functions.local.platform import gateway
from functions.local.platform.debugged_function import DebuggedFunction, find_function
from functions.local.platform.function_process import FunctionError
from functions.local.platform.template import Function, read_template
from functions.local.runner import Options, running
from tests.support.played import played_by

ROOT = Path(__file__).parents[3]
SECONDS = 60
RUNNER = """
import asyncio, sys
from pathlib import Path
from functions.local.runner import Options, running
from functions.local.process.stopping import until_stopped

async def serve():
    options = Options(port=0, store_port=0, template=Path(sys.argv[1]), debug="Web")
    async with running(options, lambda id_, line: print(id_, line, flush=True), lambda _: None) as here:
        print("API", here.api, flush=True)
        await asyncio.sleep(60)

asyncio.run(until_stopped(serve()))
"""
ASK = """
import sys, httpx
try:
    answer = httpx.get(sys.argv[1], timeout=60, trust_env=False)
    print(answer.status_code, answer.text)
except httpx.TransportError:
    print("nobody answered")
"""


def function(handler: str, timeout: float = 3) -> Function:
    environment = {"GREETING": "from the template"}
    return Function(
        "Watched", "lifeboat-watched", f"tests.local.handlers.{handler}", environment, timeout, 512, 0
    )


def debug(handler: str, act: Callable[[DebuggedFunction, list[str]], Awaitable[Any]], **machine: str) -> Any:
    log: list[str] = []

    async def go() -> Any:
        debugged = DebuggedFunction(function(handler), machine, lambda id_, line: log.append(f"{id_} {line}"))
        try:
            return await asyncio.wait_for(act(debugged, log), SECONDS)
        finally:
            await debugged.stop()

    return asyncio.run(go())


def test_the_handler_runs_in_this_process_with_the_environment_of_its_function() -> None:
    async def act(debugged: DebuggedFunction, log: list[str]) -> Any:
        return await debugged.invoke({})

    seen = debug("watched", act)
    assert seen["process"] == os.getpid()
    assert seen["thread"] == "Watched"
    assert (seen["function_name"], seen["greeting"]) == ("lifeboat-watched", "from the template")
    # Nobody is hurried who reads a stack, whatever the function's limit.
    assert seen["remaining"] > 3_600_000
    assert "GREETING" not in os.environ
    assert "AWS_LAMBDA_FUNCTION_NAME" not in os.environ


def test_lines_of_its_log_are_told_and_what_else_it_prints_is_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def act(debugged: DebuggedFunction, log: list[str]) -> list[str]:
        await debugged.invoke({"do": "act", "event": {"do": "write", "length": 3}})
        print('{"of": "the runner"}')
        return log

    assert debug("watched", act) == ['Watched {"message": "a line of the log"}']
    assert capsys.readouterr().out.split("\n") == ["", "xxx", '{"of": "the runner"}', ""]


@pytest.mark.parametrize(
    ("event", "type_"),
    [({"do": "raise"}, "LookupError"), ({"do": "return a set"}, "TypeError"), ({"do": "exit"}, "SystemExit")],
)
def test_an_error_is_that_of_the_invocation_and_the_next_one_is_answered(
    event: dict[str, str], type_: str
) -> None:
    async def act(debugged: DebuggedFunction, log: list[str]) -> Any:
        with pytest.raises(FunctionError) as error:
            await debugged.invoke(event)
        assert error.value.type == type_
        assert debugged.is_running
        return await debugged.invoke({"do": "nothing"})

    assert debug("act", act) == {"process": os.getpid()}


def test_a_handler_that_cannot_be_imported_says_so_each_time() -> None:
    async def act(debugged: DebuggedFunction, log: list[str]) -> None:
        for _ in range(2):
            with pytest.raises(FunctionError, match=r"Runtime\.ImportModuleError.*nothing_of_the_kind"):
                await debugged.invoke({})

    debug("nothing_of_the_kind", act)


def test_whoever_gives_up_waiting_does_not_get_the_next_answer(tmp_path: Path) -> None:
    async def act(debugged: DebuggedFunction, log: list[str]) -> Any:
        slow = {"do": "sleep", "started": str(tmp_path / "started"), "seconds": 0.5}
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(debugged.invoke(slow), 0.1)
        return await debugged.invoke({"do": "raise nothing"})

    assert debug("act", act) == {"process": os.getpid()}


def test_it_does_not_rest() -> None:
    async def act(debugged: DebuggedFunction, log: list[str]) -> bool:
        await debugged.invoke({})
        return await debugged.stop_if_unused(0)

    assert debug("watched", act) is False


@pytest.mark.parametrize("name", ["predict", "PredictFunction"])
def test_a_function_is_named_by_its_folder_or_its_id(name: str) -> None:
    assert find_function(read_template(ROOT / "template.yaml"), name) == "PredictFunction"


def test_a_function_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ValueError, match=r"there is no function predikt, only authorize, .*predict, retrain"):
        find_function(read_template(ROOT / "template.yaml"), "predikt")


def test_a_folder_of_several_functions_does_not_name_one() -> None:
    with pytest.raises(ValueError, match=r"scoring has several functions: name one of Scor\w+, Scor\w+"):
        find_function(read_template(ROOT / "template.yaml"), "scoring")


def _template(folder: Path) -> Path:
    template = folder / "template.yaml"
    text = played_by("tests.local.handlers", "GET /kettles/{name}")
    template.write_text(text.replace("tests.local.handlers.web", "tests.local.handlers.stops"))
    return template


def test_the_gateway_waits_while_the_function_stands_at_a_breakpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway, "INTEGRATION_SECONDS", 0.1)
    # In place of a debugger: what stands still for longer than the gateway and the function have.
    monkeypatch.setattr(sys, "breakpointhook", lambda: time.sleep(0.5))
    monkeypatch.setenv("LIFEBOAT_STORE", str(tmp_path / "store"))
    options = Options(port=0, store_port=0, template=_template(tmp_path), debug="Web")

    async def go() -> httpx.Response:
        async with (
            running(options, lambda *_: None, lambda _: None) as here,
            httpx.AsyncClient(base_url=here.api, trust_env=False, timeout=30) as client,
        ):
            return await client.get("/kettles/blue")

    assert asyncio.run(go()).text == "/kettles/blue"


@pytest.fixture
def at_breakpoint(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], int, subprocess.Popen[str]]]:
    """A runner whose function stands at its breakpoint, the terminal of both, and who has asked it."""
    terminal, of_the_runner = pty.openpty()
    environment = {**os.environ, "LIFEBOAT_STORE": str(tmp_path / "store"), "TERM": "dumb"}
    with subprocess.Popen(
        [sys.executable, "-c", RUNNER, _template(tmp_path)],
        stdin=of_the_runner,
        stdout=of_the_runner,
        stderr=of_the_runner,
        cwd=ROOT,
        env=environment,
    ) as runner:
        os.close(of_the_runner)
        try:
            api = _read_until(terminal, r"API (http://\S+)\r\n")
            with subprocess.Popen(
                [sys.executable, "-c", ASK, f"{api}/kettles/blue"], stdout=subprocess.PIPE, text=True
            ) as asking:
                _read_until(terminal, r"\(Pdb\) ")
                yield runner, terminal, asking
        finally:
            runner.kill()
            os.close(terminal)


def test_a_breakpoint_opens_pdb_in_the_terminal(
    at_breakpoint: tuple[subprocess.Popen[bytes], int, subprocess.Popen[str]],
) -> None:
    _, terminal, asking = at_breakpoint
    os.write(terminal, b"p kettle.upper()\n")
    _read_until(terminal, r"'/KETTLES/BLUE'")
    os.write(terminal, b"c\n")
    assert asking.communicate(timeout=SECONDS)[0] == "200 /kettles/blue\n"


def test_a_runner_stops_while_its_function_stands_at_a_breakpoint(
    at_breakpoint: tuple[subprocess.Popen[bytes], int, subprocess.Popen[str]],
) -> None:
    runner, _, asking = at_breakpoint
    runner.send_signal(signal.SIGINT)
    assert runner.wait(SECONDS) == 0
    assert "kettles" not in asking.communicate(timeout=SECONDS)[0]


def _read_until(terminal: int, pattern: str) -> str:
    """What the terminal shows up to `pattern`; the pattern's group, if it has one."""
    shown = ""
    while not (match := re.search(pattern, shown)):
        shown += os.read(terminal, 10_000).decode()
    return match[1] if match.groups() else match[0]
