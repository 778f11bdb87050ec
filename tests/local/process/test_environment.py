"""What is started on a laptop has an environment made of what it needs, whatever the shell has for others."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from functions.local.process.environment import (
    Credentials,
    exported,
    leading_only_to,
    needed_of,
    new_credentials,
    replaced,
)
from tests.local.stray import REPORTED, groups, stray_settings

ROOT = Path(__file__).parents[3]
SECONDS = 180
# What the caller may say of the machine, and children are told.
OF_THE_MACHINE = {"HOME", "TMPDIR"}
PLAIN = {"PATH": os.environ["PATH"], "HOME": "/home/somebody", "TMPDIR": "/tmp"}  # noqa: S108 - not written to


def start(setting: dict[str, str]) -> dict[str, Any]:
    """The demo's start, in a process that is given this setting."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    started = subprocess.run(
        [sys.executable, "-m", "tests.local.starting"],
        cwd=ROOT,
        env=inherited | setting,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert started.returncode == 0, f"{setting}: {started.stderr[-2000:]}"
    found: dict[str, Any] = json.loads(started.stdout.splitlines()[-1])
    return found


def is_as_it_should_be(found: dict[str, Any], setting: dict[str, str]) -> None:
    assert found["objects"] == ["datasets/none/a.txt"]
    assert (found["key"], found["live"]) == (True, {"live": True})
    assert found["endpoint"].startswith("http://127.0.0.1:")
    # The store and the function that was asked.
    assert len(found["children"]) >= 2
    for environment in [found["own"], *found["children"]]:
        for name in setting.keys() - OF_THE_MACHINE:
            assert not setting[name] or environment.get(name) != setting[name], name


def test_there_are_at_least_forty_of_them(tmp_path: Path) -> None:
    assert len(stray_settings(tmp_path)) >= 60


@pytest.mark.long
@pytest.mark.parametrize("name", REPORTED)
def test_the_demo_starts_under_each_setting_that_once_led_it_astray(name: str, tmp_path: Path) -> None:
    setting = stray_settings(tmp_path)[name]
    is_as_it_should_be(start(setting), setting)


@pytest.mark.long
@pytest.mark.parametrize("number", range(3))
def test_the_demo_starts_under_all_of_them_some_dozens_at_a_time(number: int, tmp_path: Path) -> None:
    found = groups(stray_settings(tmp_path))
    assert len(found) == 3
    is_as_it_should_be(start(found[number]), found[number])


def test_no_setting_changes_what_children_get_by_a_single_letter(tmp_path: Path) -> None:
    usual = needed_of(PLAIN)
    for name, setting in stray_settings(tmp_path).items():
        given = needed_of(PLAIN | setting)
        # What is empty is as good as not there.
        given = {known: value for known, value in given.items() if value or not known.startswith("LIFEBOAT_")}
        expected = usual | {known: setting[known] for known in setting.keys() & OF_THE_MACHINE}
        assert given == expected, name


def test_the_settings_of_this_project_are_passed_on() -> None:
    assert needed_of(PLAIN | {"LIFEBOAT_FOLDS": "2"})["LIFEBOAT_FOLDS"] == "2"


@pytest.mark.parametrize(
    "asking",
    [
        {"AWS_ENDPOINT_URL": "https://store.example"},
        {"LIFEBOAT_STORE": "s3://mine"},
        {"LIFEBOAT_STORE": "build/store", "LIFEBOAT_KEYS": "ssm:/lifeboat/dev/keys"},
    ],
)
def test_whoever_asks_for_aws_gets_all_of_its_settings(asking: dict[str, str]) -> None:
    settings = {"AWS_PROFILE": "mine", "HTTPS_PROXY": "http://proxy:3128", "AWS_CA_BUNDLE": "ours.pem"}
    found = needed_of(PLAIN | asking | settings | {"PYTHONHOME": "/nonexistent"})
    assert found.items() >= (asking | settings).items()
    assert found.keys().isdisjoint({"PYTHONHOME", "AWS_CONFIG_FILE"})


def test_a_folder_asks_for_none_of_them() -> None:
    found = needed_of(PLAIN | {"LIFEBOAT_STORE": "build/store", "AWS_PROFILE": "mine"})
    assert found["LIFEBOAT_STORE"] == "build/store"
    assert "AWS_PROFILE" not in found


def test_a_process_is_led_to_one_store_and_then_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
    before = dict(os.environ)
    with exported(leading_only_to("http://127.0.0.1:2", Credentials("OURS", "secret"))):
        assert os.environ["AWS_ENDPOINT_URL"] == "http://127.0.0.1:2"
        assert os.environ.keys().isdisjoint({"AWS_ENDPOINT_URL_S3", "https_proxy"})
    assert dict(os.environ) == before


def test_an_environment_is_replaced_and_comes_back() -> None:
    before = dict(os.environ)
    with replaced({"PATH": "/bin"}):
        assert dict(os.environ) == {"PATH": "/bin"}
    assert dict(os.environ) == before


def test_no_two_runs_have_the_same_credentials() -> None:
    assert new_credentials() != new_credentials()
