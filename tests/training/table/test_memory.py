"""How many rows fit into the memory there is, and who says how much that is."""

import resource
import subprocess
import sys

import pytest

from training.table.memory import BASE, Memory, available_memory


def test_the_function_says_how_much_memory_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
    memory = available_memory()
    assert (memory.size, str(memory)) == (512 * 2**20, "512 MB (the function's memory)")
    assert memory.cure == "give the function more memory, train elsewhere (docs/scale.md)"


def test_without_a_function_it_is_the_least_of_limit_container_and_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", raising=False)
    assert available_memory().said_by in ("the container's memory", "the machine's memory")
    limit = 3 * 2**30
    said = subprocess.run(
        [
            sys.executable,
            "-c",
            "from training.table.memory import available_memory; print(available_memory())",
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
    ).stdout
    assert said.strip() == "3,072 MB (the process's address space)"


def test_the_more_features_the_fewer_rows() -> None:
    # The most that a new account may ask for, and the Titanic's eight features: what 128 MiB of it are.
    function = Memory(3_008 * 2**20, "", "")
    assert function.most_rows(8) > 1_600_000
    assert function.most_rows(100) < function.most_rows(8) // 5
    # Ten million fit where there are 4 GB; and one byte more is never fewer rows.
    assert 10_000_000 < Memory(4 * 2**30, "", "").most_rows(8) < 11_000_000
    sizes = range(BASE, 4 * BASE, 10_000_000)
    rows = [Memory(size, "", "").most_rows(8) for size in sizes]
    assert rows == sorted(rows)
    assert rows[0] == 0
    assert Memory(BASE // 2, "", "").most_rows(1) == 0
