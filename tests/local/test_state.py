"""How other processes find a runner."""

import json
import os
from dataclasses import asdict
from pathlib import Path

import pytest

from functions.local.state import State, announced, find_runner, keys_reached, store_reached


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "build" / "local.json"


def state(pid: int, api: str = "http://127.0.0.1:8000") -> State:
    return State(api, "s3://b", "http://127.0.0.1:9000", True, "titanic", pid)


def test_a_runner_is_found_for_as_long_as_it_runs(path: Path) -> None:
    assert find_runner(path) is None
    with announced(state(os.getpid()), path):
        assert find_runner(path) == state(os.getpid())
    assert not path.exists()


def test_a_runner_tells_where_its_keys_are(path: Path) -> None:
    with announced(
        State("http://127.0.0.1:1", "s3://b", None, False, "titanic", os.getpid(), "build/keys.json"), path
    ):
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
        path.write_text(json.dumps(asdict(later)))
    assert path.exists()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}'])
def test_a_damaged_file_names_no_runner(path: Path, text: str) -> None:
    path.parent.mkdir()
    path.write_text(text)
    assert find_runner(path) is None


@pytest.fixture
def _nothing_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LIFEBOAT_STORE", "LIFEBOAT_KEYS", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("_nothing_named")
def test_the_environment_leads_to_the_runners_store_for_a_while() -> None:
    with store_reached(state(1)) as address:
        assert address == os.environ["LIFEBOAT_STORE"] == "s3://b"
        assert os.environ["AWS_ENDPOINT_URL"] == "http://127.0.0.1:9000"
        assert os.environ["AWS_ACCESS_KEY_ID"] == "local"
    assert "LIFEBOAT_STORE" not in os.environ
    assert "AWS_ENDPOINT_URL" not in os.environ
    assert os.environ["AWS_ACCESS_KEY_ID"] == "testing"


@pytest.mark.usefixtures("_nothing_named")
def test_a_runner_with_a_store_of_its_own_is_reached_with_the_keys_of_this_environment() -> None:
    with store_reached(State("", "s3://mine", "https://store.example", False, "titanic", 1)) as address:
        assert address == "s3://mine"
        assert os.environ["AWS_ACCESS_KEY_ID"] == "testing"


@pytest.mark.usefixtures("_nothing_named")
def test_a_store_that_is_named_counts_more_than_the_runners(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIFEBOAT_STORE", "s3://named")
    with store_reached(state(1)) as address:
        assert address == "s3://named"
        assert "AWS_ENDPOINT_URL" not in os.environ
    with store_reached(None) as address:
        assert address == "s3://named"


@pytest.mark.usefixtures("_nothing_named")
def test_without_a_runner_and_a_name_there_is_no_store() -> None:
    with pytest.raises(RuntimeError, match="start one with `make run`"), store_reached(None):
        pass


@pytest.mark.usefixtures("_nothing_named")
def test_the_runners_keys_are_reached_unless_others_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    runner = State("", "s3://b", "http://127.0.0.1:9000", True, "titanic", 1, "ssm:/lifeboat/dev/keys")
    with keys_reached(runner):
        assert os.environ["LIFEBOAT_KEYS"] == "ssm:/lifeboat/dev/keys"
        assert os.environ["AWS_ENDPOINT_URL"] == "http://127.0.0.1:9000"
    assert "LIFEBOAT_KEYS" not in os.environ
    with keys_reached(None):
        assert "LIFEBOAT_KEYS" not in os.environ
    monkeypatch.setenv("LIFEBOAT_KEYS", "keys.json")
    with keys_reached(runner):
        assert os.environ["LIFEBOAT_KEYS"] == "keys.json"
        assert "AWS_ENDPOINT_URL" not in os.environ
