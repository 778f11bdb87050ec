"""Every wait on another process has a limit: `make test-sam` once hung on a container that was gone.

Read from the code, as no test can wait for ever to see it. `readline` of a pipe has no limit of its own:
where it is used, a timer kills what is read from.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = (
    "functions/local",
    "tests/arm64",
    "tests/bench",
    "tests/local",
    "tests/sam",
    "tests/stories",
    "tests/support",
)
FILES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
RUNS = {"run", "call", "check_call", "check_output"}
# Of processes and of threads: without an argument they wait for ever.
WAITS = {"wait", "communicate", "join"}


def unlimited(tree: ast.AST) -> Iterator[int]:
    """Lines of calls that wait for a process or a thread without a limit."""
    awaited = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Await)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        given = {keyword.arg for keyword in node.keywords}
        owner = node.func.value
        if isinstance(owner, ast.Name) and owner.id == "subprocess" and node.func.attr in RUNS:
            if "timeout" not in given:
                yield node.lineno
        elif (
            node.func.attr in WAITS and not node.args and not given and not _is_coroutine(node, awaited, tree)
        ):
            yield node.lineno


def _is_coroutine(node: ast.Call, awaited: set[int], tree: ast.AST) -> bool:
    """asyncio's are limited by whoever awaits them, with `timeout` or `wait_for`."""
    if id(node) in awaited:
        return True
    return any(
        isinstance(call, ast.Call) and node in call.args and "asyncio" in ast.unparse(call.func)
        for call in ast.walk(tree)
    )


def test_no_wait_is_without_a_limit() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in FILES
        for line in unlimited(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert found == []


@pytest.mark.parametrize(
    "line", ["subprocess.run([])", "process.wait()", "process.communicate()", "thread.join()"]
)
def test_a_wait_without_a_limit_is_found(line: str) -> None:
    assert [*unlimited(ast.parse(line))] == [1]


@pytest.mark.parametrize(
    "line",
    ["subprocess.run([], timeout=1)", "process.wait(3)", "await e.wait()", "asyncio.wait_for(e.wait(), 1)"],
)
def test_a_wait_with_one_is_not(line: str) -> None:
    assert [*unlimited(ast.parse(f"async def f():\n    {line}"))] == []
