"""Keys in SSM over a real socket: writers at once, a writer that dies, limits, and the command line."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.session import Session

from functions.core.base.errors import Conflict, NotFound, ParameterFull, StoreUnavailable
from functions.core.identity.key_list import add, all_keys, revoke
from functions.core.identity.keys import Key, make_key, merge, read_keys, write_keys
from functions.core.storage.parameter_opening import open_parameter
from functions.core.storage.ssm_parameter import SsmParameter
from functions.local.process.listening import HOST, listen, port_of
from tests.sam.store import served_store

ROOT = Path(__file__).parents[3]
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def _parameters() -> Iterator[None]:
    """The embedded store, which keeps parameters too; the SDK is led to it."""
    with served_store(HOST):
        yield


@pytest.fixture
def name(_parameters: None, request: pytest.FixtureRequest) -> str:
    """The name of a parameter that only this test uses."""
    stage = re.sub(r"\W", "-", request.node.name)
    return f"/lifeboat/{stage}/keys"


def client() -> Any:
    return Session().create_client("ssm")


def test_a_parameter_is_made_read_and_changed(name: str) -> None:
    parameter = open_parameter(f"ssm:{name}")
    with pytest.raises(NotFound, match="there is no parameter"):
        parameter.read()
    assert all_keys(parameter) == {}
    _, key = make_key(["admin"], "x", NOW)
    add(parameter, key, NOW)
    assert all_keys(parameter) == {key.id: key}
    revoked = revoke(parameter, key.id, NOW)
    assert all_keys(parameter) == {key.id: revoked}
    described = client().get_parameter(Name=name)["Parameter"]
    assert (described["Type"], described["Version"]) == ("String", 2)


@pytest.mark.long
def test_of_many_writers_at_once_none_loses_a_key(name: str) -> None:
    before, victim = SsmParameter(name), make_key(["predict"], "to be revoked", NOW)[1]
    keys = [make_key(["predict"], f"writer {number}", NOW)[1] for number in range(24)]

    def write(numbers: range) -> None:
        parameter = SsmParameter(name)
        for number in numbers:
            add(parameter, keys[number], NOW)

    add(before, victim, NOW)
    with ThreadPoolExecutor(9) as pool:
        writers = [pool.submit(write, range(start, 24, 8)) for start in range(8)]
        revocation = pool.submit(revoke, SsmParameter(name), victim.id, NOW)
        revocation.result()
        for writer in writers:
            writer.result()
    found = all_keys(before)
    assert set(found) == {victim.id, *(key.id for key in keys)}
    assert found[victim.id].revoked == NOW
    # They did meet: writers who were overtaken have written again.
    assert client().get_parameter(Name=name)["Parameter"]["Version"] > 26


@pytest.mark.long
def test_processes_that_make_the_first_keys_at_once_lose_none(name: str) -> None:
    command = [sys.executable, "-m", "functions.authorize", "create", "--scopes", "predict", "--note", "x"]
    processes = [
        subprocess.Popen(
            [*command, "--stage", name.split("/")[2]],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=os.environ,
        )
        for _ in range(3)
    ]
    made = []
    for process in processes:
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        made.append(out.strip().split("_")[1])
    assert set(all_keys(SsmParameter(name))) == set(made)


def test_a_key_hidden_by_a_writer_that_died_comes_back_with_the_next_change(name: str) -> None:
    hidden, dying, next_ = (make_key(["predict"], note, NOW)[1] for note in ("hidden", "dying", "next"))
    parameter = SsmParameter(name)
    add(parameter, hidden, NOW)
    # Somebody who had read before that writes, and dies before they see that they were overtaken.
    client().put_parameter(Name=name, Value=write_keys({dying.id: dying}, NOW), Overwrite=True)
    assert set(all_keys(parameter)) == {dying.id}
    add(parameter, next_, NOW)
    assert set(all_keys(parameter)) == {hidden.id, dying.id, next_.id}


def _fill(parameter: SsmParameter, keys: list[Key]) -> None:
    for key in keys:
        add(parameter, key, NOW)


def test_a_list_that_would_not_fit_is_refused_and_stays_as_it_is(name: str) -> None:
    parameter = SsmParameter(name)
    many = [make_key(["predict"], "x" * 60, NOW)[1] for _ in range(60)]
    fitting = {key.id: key for key in many[:30]}
    parameter.update(lambda _: write_keys(fitting, NOW))
    with pytest.raises(ParameterFull, match="can hold 8,192 characters"):
        parameter.update(lambda _: write_keys({key.id: key for key in many}, NOW))
    with pytest.raises(ParameterFull, match="leave the list after 30 days"):
        _fill(parameter, many[30:])
    assert set(all_keys(parameter)) > set(fitting)


def test_every_page_of_the_history_is_read(name: str) -> None:
    ssm, written = client(), [f"text {number}" for number in range(55)]
    for text in written:
        ssm.put_parameter(Name=name, Value=text, Type="String", Overwrite=True)
    seen: list[str] = []

    def change(texts: Sequence[str]) -> str:
        seen[:] = texts
        return "done"

    SsmParameter(name).update(change)
    # SSM gives them 50 at a time.
    assert seen == written


def test_what_was_overwritten_long_ago_does_not_come_back(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("functions.core.storage.ssm_parameter._RACING", timedelta(seconds=-1))
    old, new = (make_key(["predict"], note, NOW)[1] for note in ("old", "new"))
    parameter = SsmParameter(name)
    add(parameter, old, NOW)
    client().put_parameter(Name=name, Value=write_keys({}, NOW), Overwrite=True)
    add(parameter, new, NOW)
    assert set(all_keys(parameter)) == {new.id}


def test_a_writer_that_was_held_up_for_long_overwrites_nothing_unread(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whatever is older than the newest version counts as long ago, as if the writer had slept for a minute.
    monkeypatch.setattr("functions.core.storage.ssm_parameter._RACING", timedelta(0))
    old, new = (make_key(["predict"], note, NOW)[1] for note in ("old", "new"))
    add(SsmParameter(name), old, NOW)
    looks = 0

    def held_up(texts: Any) -> str:
        nonlocal looks
        looks += 1
        if looks == 1:
            revoke(SsmParameter(name), old.id, NOW)
            time.sleep(1.1)
        return write_keys(merge([*map(read_keys, texts), {new.id: new}]), NOW)

    SsmParameter(name).update(held_up)
    found = all_keys(SsmParameter(name))
    assert looks == 2
    assert set(found) == {old.id, new.id}
    assert found[old.id].revoked == NOW


def test_who_is_overtaken_every_time_gives_up_and_the_next_change_loses_nothing(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("functions.core.storage.ssm_parameter._ATTEMPTS", 2)
    theirs, mine, next_ = (make_key(["predict"], note, NOW)[1] for note in ("theirs", "mine", "next"))

    def overtaken(texts: Any) -> str:
        client().put_parameter(
            Name=name, Value=write_keys({theirs.id: theirs}, NOW), Type="String", Overwrite=True
        )
        return write_keys(merge([*map(read_keys, texts), {mine.id: mine}]), NOW)

    with pytest.raises(Conflict, match="try again"):
        SsmParameter(name).update(overtaken)
    add(SsmParameter(name), next_, NOW)
    assert set(all_keys(SsmParameter(name))) == {theirs.id, mine.id, next_.id}


def test_a_parameter_store_that_is_away_is_said(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with listen(0) as listener:
        port = port_of(listener)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    with pytest.raises(StoreUnavailable, match="could not be reached"):
        SsmParameter(name).read()


@pytest.mark.usefixtures("name")
def test_what_the_parameter_store_refuses_is_said_with_its_code() -> None:
    # SSM keeps names that begin so for itself.
    with pytest.raises(StoreUnavailable, match=r"the parameter store refused: \w+Exception"):
        add(SsmParameter("/ssm/keys"), make_key(["predict"], "any", NOW)[1], NOW)


def test_settings_that_name_no_store_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "nowhere")
    with pytest.raises(StoreUnavailable, match="name no usable parameter store"):
        SsmParameter("/lifeboat/dev/keys")
