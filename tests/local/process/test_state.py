"""How other processes find a runner."""

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from functions.local.process.environment import Credentials
from functions.local.process.state import (
    State,
    announced,
    find_runner,
    find_runners,
    keys_reached,
    store_reached,
)

ROOT = Path(__file__).parents[3]
# A runner in a process of its own, which says so and waits.
RUNNER = """
import os, sys
from pathlib import Path
from functions.local.process.state import State, announced
state = State(sys.argv[2], "s3://b", "http://127.0.0.1:9000", True, "titanic", os.getpid())
with announced(state, Path(sys.argv[1])):
    print(os.getpid(), flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "build" / "runners"


def state(pid: int, api: str = "http://127.0.0.1:8000", keys: str | None = None) -> State:
    return State(
        api, "s3://b", "http://127.0.0.1:9000", True, "titanic", pid, keys, Credentials("OURS", "secret")
    )


@contextmanager
def another(folder: Path, api: str) -> Iterator["subprocess.Popen[str]"]:
    """Another runner, which is up; it is killed in the end if it is up still."""
    command = [sys.executable, "-c", RUNNER, str(folder), api]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout
            assert process.stdout.readline().strip() == str(process.pid)
            yield process
        finally:
            process.kill()
            process.wait(10)


def test_a_runner_is_found_for_as_long_as_it_runs(folder: Path) -> None:
    assert find_runner(folder) is None
    with announced(state(os.getpid()), folder):
        assert find_runner(folder) == state(os.getpid())
    assert find_runner(folder) is None
    assert list(folder.iterdir()) == []


def test_a_runner_tells_where_its_keys_are(folder: Path) -> None:
    with announced(state(os.getpid(), keys="build/keys.json"), folder):
        found = find_runner(folder)
        assert found is not None
        assert found.keys == "build/keys.json"


def test_nobody_else_can_read_the_credentials_of_a_run(folder: Path) -> None:
    with announced(state(os.getpid()), folder):
        [file] = folder.iterdir()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_of_several_runners_the_one_started_last_is_found_and_the_first_when_that_stops(folder: Path) -> None:
    with another(folder, "http://127.0.0.1:8000") as first:
        with another(folder, "http://127.0.0.1:8001"):
            assert [found.api[-4:] for found in find_runners(folder)] == ["8001", "8000"]
        found = find_runner(folder)
        assert found is not None
        assert (found.pid, found.api) == (first.pid, "http://127.0.0.1:8000")


def test_a_runner_that_was_killed_is_not_found_though_its_number_is_in_use(folder: Path) -> None:
    with another(folder, "http://127.0.0.1:8000") as process:
        process.send_signal(signal.SIGKILL)
        process.wait(10)
        [left] = folder.iterdir()
        # As if the system had given its number to another process, this one.
        left.rename(folder / f"{os.getpid()}.json")
        assert find_runners(folder) == []
        assert list(folder.iterdir()) == []


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}', '{"pid": 1, "credentials": 3}'])
def test_a_damaged_file_names_no_runner(folder: Path, text: str) -> None:
    with announced(state(os.getpid()), folder):
        [file] = folder.iterdir()
        # In place: the runner's lock stays.
        file.write_text(text)
        assert find_runner(folder) is None


@pytest.fixture
def _nothing_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LIFEBOAT_STORE", "LIFEBOAT_KEYS", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("_nothing_named")
def test_the_environment_leads_to_the_runners_store_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_PROFILE", "gone")
    before = dict(os.environ)
    with store_reached(state(1)) as address:
        assert address == os.environ["LIFEBOAT_STORE"] == "s3://b"
        assert os.environ["AWS_ENDPOINT_URL"] == "http://127.0.0.1:9000"
        assert os.environ["AWS_ACCESS_KEY_ID"] == "OURS"
        assert os.environ.keys().isdisjoint({"AWS_ENDPOINT_URL_S3", "AWS_PROFILE"})
    assert dict(os.environ) == before


@pytest.mark.usefixtures("_nothing_named")
def test_a_runner_with_a_store_of_its_own_is_reached_where_it_found_it_with_the_keys_of_this_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://another.example")
    with store_reached(State("", "s3://mine", "https://store.example", False, "titanic", 1)) as address:
        assert address == "s3://mine"
        assert os.environ["AWS_ACCESS_KEY_ID"] == "testing"
        assert os.environ["AWS_ENDPOINT_URL"] == "https://store.example"


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
    runner = state(1, keys="ssm:/lifeboat/dev/keys")
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
