"""Where people are managed, and what they may do: told to administrators as the settings have it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from functions.keys import app as keys
from functions.keys.handler import handler
from functions.keys.people import describe_people
from functions.keys.settings import KeysSettings
from functions.local.issuer import PEOPLE, Issuer
from tests.support import gateway

GROUPS = "annotators=predict,feedback administrators=admin"
ISSUER = "https://login.example.org/"
POOL = "https://eu-west-1.console.aws.amazon.com/cognito/v2/idp/user-pools/eu-west-1_1/user-management/users"
SHOWN = [
    {"name": "annotators", "scopes": ["predict", "feedback"]},
    {"name": "administrators", "scopes": ["admin"]},
]

Call = Callable[..., tuple[int, Any]]


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Call]:
    """Asks for the people under settings; status, and what the body holds."""
    monkeypatch.setenv("LIFEBOAT_KEYS", str(tmp_path / "keys.json"))

    def call(scopes: str | None = "admin", models: str = "", **settings: str) -> tuple[int, Any]:
        for name, value in settings.items():
            monkeypatch.setenv(f"LIFEBOAT_LOGIN_{name}", value)
        keys.settings.cache_clear()
        return gateway.call(handler, "GET", "/people", scopes=scopes, models=models)

    yield call
    keys.settings.cache_clear()


def test_without_a_log_in_there_is_nobody(call: Call) -> None:
    nobody: dict[str, Any] = {"kept_by": "nobody", "address": None, "groups": [], "people": []}
    assert call() == (200, nobody)
    # The template has groups whether or not anybody logs in.
    assert call(GROUPS=GROUPS) == (200, nobody)


@pytest.mark.parametrize(
    ("settings", "kept_by", "address"),
    [({"POOL": POOL}, "cognito", POOL), ({"ISSUER": ISSUER}, "provider", ISSUER)],
)
def test_people_of_a_provider_are_managed_there_and_their_groups_say_what_they_may(
    call: Call, settings: dict[str, str], kept_by: str, address: str
) -> None:
    told = {"kept_by": kept_by, "address": address, "groups": SHOWN, "people": []}
    assert call(GROUPS=GROUPS, **settings) == (200, told)


def test_the_runner_of_this_machine_tells_its_people(call: Call) -> None:
    environment = Issuer().environment()
    settings = {name.removeprefix("LIFEBOAT_LOGIN_"): value for name, value in environment.items()}
    status, told = call(**settings)
    assert (status, told["kept_by"], told["address"]) == (200, "runner", None)
    assert told["people"] == [{"id": f"user:{name}", "scopes": [*scopes]} for name, scopes in PEOPLE.items()]


def test_groups_that_are_none_are_a_fault_of_the_settings() -> None:
    settings = KeysSettings(keys="", default_model="titanic", login_groups="annotators")
    with pytest.raises(SystemExit, match="LIFEBOAT_LOGIN_GROUPS: 'annotators' is not group=scope"):
        describe_people(settings)


@pytest.mark.parametrize("scopes", ["predict", "feedback", "read", None])
def test_nobody_but_an_administrator_is_told(call: Call, scopes: str | None) -> None:
    assert call(scopes)[0] == (401 if scopes is None else 403)


def test_who_administers_some_models_is_not_told(call: Call) -> None:
    assert call(models="churn")[0] == 403
