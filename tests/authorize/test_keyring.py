"""The keys in memory, how long they count, and the settings that say so."""

import http.client
import json

import pytest

from functions.authorize.keyring import KeyRing
from functions.authorize.settings import AuthorizeSettings
from functions.core.base.errors import StoreUnavailable
from functions.core.identity.keys import Key, make_key, write_keys
from functions.core.storage.parameter import Change
from tests.support.clock import Clock
from tests.support.keys import NOW


class Away:
    """A parameter that can be out of reach, and counts how often it is read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.away = False
        self.failure: Exception = StoreUnavailable("the store of keys is away")
        self.reads = 0

    def read(self) -> str:
        self.reads += 1
        if self.away:
            raise self.failure
        return self.text

    def update(self, change: Change) -> None:
        raise AssertionError


@pytest.fixture
def warm() -> tuple[Away, Clock, KeyRing, Key]:
    """A ring that has read one key, refreshes every 60 seconds and goes on for 900."""
    _, key = make_key(["predict"], "x", NOW)
    parameter, clock = Away(write_keys({key.id: key}, NOW)), Clock()
    ring = KeyRing(parameter, 60, 900, clock)
    assert ring.current() == {key.id: key}
    return parameter, clock, ring, key


def test_the_keys_are_read_once_an_interval(warm: tuple[Away, Clock, KeyRing, Key]) -> None:
    parameter, clock, ring, _ = warm
    for clock.now in (0.0, 30.0, 59.9):
        ring.current()
    assert parameter.reads == 1
    parameter.text = '{"keys": []}'
    clock.now = 60
    assert ring.current() == {}
    assert parameter.reads == 2


@pytest.mark.parametrize("trouble", ["away", "damaged"])
def test_the_last_known_keys_count_for_a_while_and_no_longer(
    warm: tuple[Away, Clock, KeyRing, Key], trouble: str, capsys: pytest.CaptureFixture[str]
) -> None:
    parameter, clock, ring, key = warm
    good = parameter.text
    parameter.away, parameter.text = trouble == "away", "{"
    for clock.now in (60.0, 500.0, 959.9):
        assert set(ring.current()) == {key.id}
    assert "keys not refreshed" in capsys.readouterr().out
    clock.now = 960
    with pytest.raises(StoreUnavailable, match="try again"):
        ring.current()
    parameter.away, parameter.text = False, good
    clock.now = 961
    assert set(ring.current()) == {key.id}


@pytest.mark.parametrize(
    "failure", [http.client.IncompleteRead(b"{", 9), KeyError("Value"), AttributeError("a mistake of ours")]
)
def test_the_last_known_keys_count_whatever_went_wrong(
    warm: tuple[Away, Clock, KeyRing, Key], failure: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    parameter, clock, ring, key = warm
    parameter.away, parameter.failure = True, failure
    clock.now = 60
    assert set(ring.current()) == {key.id}
    line = json.loads(capsys.readouterr().out)
    assert (line["message"], line["error"]) == ("keys not refreshed", type(failure).__name__)
    cold = KeyRing(parameter, 60, 900, clock)
    with pytest.raises(StoreUnavailable, match="try again"):
        cold.current()


def test_a_parameter_store_that_hangs_holds_up_a_tenth_of_the_time_and_no_more(
    warm: tuple[Away, Clock, KeyRing, Key],
) -> None:
    parameter, clock, ring, key = warm

    def hang() -> str:
        clock.now += 7
        held.append(7.0)
        raise StoreUnavailable("the store of keys is away")

    held: list[float] = []
    # The store stops answering midway: the parameter is real until then.
    parameter.read = hang  # type: ignore[method-assign]
    began = clock.now = 60.0
    while clock.now < began + 600:
        assert set(ring.current()) == {key.id}
        clock.now += 0.5
    assert sum(held) / (clock.now - began) < 0.13


def test_while_there_is_nothing_to_go_on_with_it_is_asked_for_once_a_second() -> None:
    parameter, clock = Away(""), Clock()
    parameter.away = True
    ring = KeyRing(parameter, 60, 900, clock)
    for clock.now in (0.0, 0.5, 0.9, 1.0):
        with pytest.raises(StoreUnavailable):
            ring.current()
    assert parameter.reads == 2


def test_settings_have_defaults_but_for_the_place_of_the_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LIFEBOAT_KEYS_REFRESH_SECONDS", "LIFEBOAT_KEYS_GRACE_SECONDS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LIFEBOAT_KEYS", "ssm:/k")
    assert AuthorizeSettings.from_environment() == AuthorizeSettings(
        keys="ssm:/k", keys_refresh_seconds=60, keys_grace_seconds=900
    )


@pytest.mark.parametrize("seconds", ["soon", "-1", "nan", "inf"])
def test_settings_that_do_not_fit_name_the_variables(monkeypatch: pytest.MonkeyPatch, seconds: str) -> None:
    monkeypatch.setenv("LIFEBOAT_KEYS", "")
    monkeypatch.setenv("LIFEBOAT_KEYS_REFRESH_SECONDS", seconds)
    with pytest.raises(SystemExit, match=r"LIFEBOAT_KEYS:.*LIFEBOAT_KEYS_REFRESH_SECONDS:"):
        AuthorizeSettings.from_environment()
