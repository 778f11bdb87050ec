"""Each command says what it is about to read or change: a runner, a folder, an account, another endpoint."""

import os
from pathlib import Path
from typing import Any

import pytest

from functions.local import asking
from functions.local.__main__ import main
from functions.local.process.account import describe_account
from functions.local.process.environment import Credentials
from functions.local.process.state import State
from functions.local.use import places
from functions.local.use.places import describe_keys, describe_runner, describe_store

RUNNER = State(
    *("http://127.0.0.1:8000", "s3://b", "http://127.0.0.1:9", True, "titanic", 7),
    keys="ssm:/lifeboat/dev/keys",
    credentials=Credentials("OURS", "secret"),
)


@pytest.fixture(autouse=True)
def _nothing_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LIFEBOAT_STORE", "LIFEBOAT_KEYS", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(places, "find_runners", list)
    monkeypatch.setattr(asking, "find_runner", lambda: RUNNER)


@pytest.fixture
def aws(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An account, with which only the service that tells of it is in reach."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", endpoint)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str | None]]:
    """Whose keys were asked for, and at which endpoint."""
    found: list[tuple[str, str | None]] = []

    def note(options: Any, place: str) -> int:
        found.append((place, os.environ.get("AWS_ENDPOINT_URL")))
        # Of a stage, the store is not that of a runner.
        assert os.environ.get("LIFEBOAT_STORE") == (None if options.stage else RUNNER.store)
        return 0

    monkeypatch.setattr("functions.authorize.__main__.run", note)
    return found


@pytest.mark.usefixtures("aws")
def test_the_account_the_identity_and_the_region_are_told() -> None:
    said = describe_account("ssm")
    assert said.startswith("AWS account 123456789012 as arn:aws:")
    assert said.endswith(", region us-east-1")


def test_an_endpoint_that_is_not_aws_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert describe_account("s3") == "http://127.0.0.1:9, which is not AWS"


@pytest.mark.parametrize(
    "setting",
    [
        {"AWS_PROFILE": "gone"},
        {"AWS_ENDPOINT_URL_STS": "http://127.0.0.1:9"},
        {"AWS_MAX_ATTEMPTS": "banana"},
    ],
)
def test_an_account_that_aws_does_not_tell_is_an_error(
    setting: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in setting.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(RuntimeError, match=r"AWS does not say whose account this is .*; sign in"):
        describe_account("s3")


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize(
    "words", [["list", "--stage", "production"], ["revoke", "--stage=production", "12345678"]]
)
def test_a_stage_means_aws_though_a_runner_is_up(
    words: list[str], asked: list[tuple[str, str | None]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["key", *words]) == 0
    assert asked == [("ssm:/lifeboat/production/keys", None)]
    assert "Keys       ssm:/lifeboat/production/keys at AWS account 123456789012" in capsys.readouterr().err


def test_without_a_stage_the_runner_is_meant_and_told(
    asked: list[tuple[str, str | None]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["key", "list"]) == 0
    assert asked == [("ssm:/lifeboat/dev/keys", "http://127.0.0.1:9")]
    assert "Runner     http://127.0.0.1:8000 (process 7)" in capsys.readouterr().err


def test_no_key_is_touched_in_an_account_that_is_not_known(
    asked: list[tuple[str, str | None]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "gone")
    assert main(["key", "list", "--stage", "production"]) == 1
    assert asked == []
    assert "Failed: AWS does not say whose account this is" in capsys.readouterr().err


def test_the_runner_that_was_chosen_among_several_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    other = State("http://127.0.0.1:8001", "s3://b", None, False, "titanic", 8)
    monkeypatch.setattr(places, "find_runners", lambda: [RUNNER, other])
    assert describe_runner(RUNNER).endswith("(process 7, started last of 2 in this folder)")


def test_the_store_that_is_named_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert describe_store(RUNNER).startswith("Runner ")
    assert describe_store(None) == "Store      none"
    monkeypatch.setenv("LIFEBOAT_STORE", str(tmp_path))
    assert describe_store(RUNNER) == f"Store      {tmp_path}"
    monkeypatch.setenv("LIFEBOAT_STORE", "s3://mine")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert describe_store(RUNNER) == "Store      s3://mine at http://127.0.0.1:9, which is not AWS"
    assert describe_keys("build/keys.json") == "Keys       build/keys.json"
