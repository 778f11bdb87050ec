"""How other processes find a runner."""

import os
from pathlib import Path

import pytest

from functions.local.state import State, announced, find_runner


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "build" / "local.json"


def state(pid: int, api: str = "http://127.0.0.1:8000") -> State:
    return State(api, "s3://b", "http://127.0.0.1:9000", True, pid)


def test_a_runner_is_found_for_as_long_as_it_runs(path: Path) -> None:
    assert find_runner(path) is None
    with announced(state(os.getpid()), path):
        assert find_runner(path) == state(os.getpid())
    assert not path.exists()


def test_a_runner_tells_where_its_keys_are(path: Path) -> None:
    with announced(State("http://127.0.0.1:1", "s3://b", None, False, os.getpid(), "build/keys.json"), path):
        found = find_runner(path)
        assert found is not None
        assert found.keys == "build/keys.json"


def test_a_runner_that_was_killed_is_not_found(path: Path) -> None:
    # Linux gives out no process id of this size.
    with announced(state(2**22 + 1), path):
        assert find_runner(path) is None


def test_a_runner_of_another_user_is_found(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(pid: int, signal: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", refuse)
    with announced(state(1), path):
        assert find_runner(path) == state(1)


def test_a_runner_does_not_take_away_what_a_later_one_announced(path: Path) -> None:
    later = state(os.getpid(), "http://127.0.0.1:8001")
    with announced(state(os.getpid()), path):
        with announced(later, path):
            pass
        assert not path.exists()
    with announced(state(os.getpid()), path):
        path.write_text(
            '{"api": "http://127.0.0.1:8001", "store": "x", "endpoint": null, "embedded": false, "pid": 1}'
        )
    assert path.exists()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}'])
def test_a_damaged_file_names_no_runner(path: Path, text: str) -> None:
    path.parent.mkdir()
    path.write_text(text)
    assert find_runner(path) is None
