"""Which store the commands are about: a runner's that is up, or the one that the environment names."""

import os
from pathlib import Path

import pytest

from functions.core.storage.view import ModelStore
from functions.local import asking
from functions.local.__main__ import main
from functions.local.process.environment import Credentials
from functions.local.process.state import State
from functions.local.use.tables import Table
from tests.local.session import STORES
from tests.support.titanic import TABLE as TITANIC


@pytest.fixture
def _no_store(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in STORES:
        monkeypatch.delenv(name, raising=False)


def test_a_failure_is_a_sentence_and_an_exit_code(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LIFEBOAT_STORE", str(tmp_path / "store"))
    assert main(["upload", str(tmp_path / "missing.csv")]) == 1
    assert "Failed: " in capsys.readouterr().err


@pytest.mark.usefixtures("_no_store")
def test_without_a_runner_an_upload_says_how_to_start_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "find_runner", lambda: None)
    for words in (["upload", str(TITANIC)], ["model", str(TITANIC), "--name", "titanic"], ["models"]):
        assert main(words) == 1
        assert "`make run`" in capsys.readouterr().err


@pytest.mark.usefixtures("_no_store")
def test_an_upload_goes_to_the_runner_that_is_up(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    reached: list[tuple[str, str, str]] = []

    def note(store: ModelStore, table: Table, say: object) -> bool:
        reached.append((os.environ["AWS_ENDPOINT_URL"], os.environ["AWS_ACCESS_KEY_ID"], store.model))
        return True

    where = ("http://127.0.0.1:1", "s3://lifeboat", "http://127.0.0.1:2", True, "churn", os.getpid())
    runner = State(*where, credentials=Credentials("OURS", "secret"))
    monkeypatch.setattr(asking, "find_runner", lambda: runner)
    monkeypatch.setattr(asking, "upload", note)
    assert main(["upload", str(TITANIC)]) == 0
    assert main(["upload", str(TITANIC), "--model", "titanic"]) == 0
    assert reached == [("http://127.0.0.1:2", "OURS", model) for model in ("churn", "titanic")]
    assert "AWS_ENDPOINT_URL" not in os.environ


@pytest.mark.usefixtures("_no_store")
def test_the_versions_are_those_of_the_runner_that_is_up(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[tuple[list[str], str, str, str]] = []

    def note(program: str, words: list[str]) -> None:
        place = os.environ["LIFEBOAT_STORE"], os.environ["AWS_ENDPOINT_URL"], os.environ["AWS_ACCESS_KEY_ID"]
        started.append((words[1:], *place))

    where = ("http://127.0.0.1:1", "s3://lifeboat", "http://127.0.0.1:2", True, "churn", os.getpid())
    runner = State(*where, credentials=Credentials("OURS", "secret"))
    monkeypatch.setattr(asking, "find_runner", lambda: runner)
    monkeypatch.setattr(os, "execv", note)
    main(["models", "all"])
    assert started == [
        (["-m", "training", "models", "all"], "s3://lifeboat", "http://127.0.0.1:2", "OURS"),
    ]
    assert f"Runner     http://127.0.0.1:1 (process {os.getpid()}" in capsys.readouterr().err


def test_beside_a_store_that_is_named_the_template_says_which_model_is_the_default(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    models: list[str] = []

    def note(store: ModelStore, table: Table, say: object) -> bool:
        models.append(store.model)
        return True

    monkeypatch.setattr(asking, "find_runner", lambda: None)
    monkeypatch.setattr(asking, "upload", note)
    monkeypatch.setenv("LIFEBOAT_STORE", str(tmp_path))
    monkeypatch.delenv("LIFEBOAT_DEFAULT_MODEL")
    assert main(["upload", str(TITANIC)]) == 0
    monkeypatch.setenv("LIFEBOAT_DEFAULT_MODEL", "churn")
    assert main(["upload", str(TITANIC)]) == 0
    assert models == ["titanic", "churn"]
