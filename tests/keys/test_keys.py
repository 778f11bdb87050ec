"""Keys over HTTP: an administrator makes them, lists them and revokes them; nobody else does."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from functions.core.base.errors import StoreUnavailable
from functions.core.identity.key_list import all_keys
from functions.core.identity.keys import check
from functions.core.storage.contract import Entry
from functions.core.storage.file_parameter import FileParameter
from functions.core.storage.folder import FolderStore
from functions.core.storage.service import service
from functions.core.storage.view import SCHEMA, ModelStore
from functions.keys import app as keys
from functions.keys.handler import handler
from tests.support import gateway

Call = Callable[..., tuple[int, Any]]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "keys.json"


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    """A store with the model that the keys are for."""
    store = FolderStore(str(tmp_path / "store"))
    ModelStore(store, "churn").put(SCHEMA, b"{}")
    return store


@pytest.fixture
def call(place: Path, store: FolderStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Call]:
    monkeypatch.setenv("LIFEBOAT_KEYS", str(place))
    monkeypatch.setenv("LIFEBOAT_STORE", str(tmp_path / "store"))

    def forget() -> None:
        keys.settings.cache_clear()
        keys.parameter.cache_clear()
        service.cache_clear()

    def call(
        method: str, path: str, body: Any = None, scopes: str | None = "admin", models: str = ""
    ) -> tuple[int, Any]:
        return gateway.call(handler, method, path, body, key_id="abc", scopes=scopes, models=models)

    forget()
    yield call
    forget()


class Away(FolderStore):
    """A store that does not answer."""

    def list(self, prefix: str) -> Iterator[Entry]:
        raise StoreUnavailable("the store could not be reached")


REQUEST = {"scopes": ["predict", "feedback"], "note": "the shop's till", "models": ["churn"], "days": 90}


def test_a_key_that_is_made_counts_and_is_shown_once(call: Call, place: Path) -> None:
    status, made = call("POST", "/keys", REQUEST)
    assert status == 201
    kept = check(made["key"], all_keys(FileParameter(str(place))), datetime.now(UTC))
    assert (kept.scopes, kept.note, kept.models) == (("predict", "feedback"), "the shop's till", ("churn",))
    status, page = call("GET", "/keys")
    assert status == 200
    [listed] = page["keys"]
    assert listed == {name: value for name, value in made.items() if name not in ("key", "notes")}
    assert made["notes"] == []
    assert listed["state"] == "active"
    assert made["key"] not in place.read_text()


def test_of_a_key_for_a_model_that_there_is_not_it_is_said_and_it_is_made(call: Call, place: Path) -> None:
    status, made = call("POST", "/keys", REQUEST | {"models": ["churm", "churn", "weather"]})
    assert status == 201
    assert made["notes"] == [
        "There is no model churm so far; did you mean churn? The key opens it once there is one.",
        "There is no model weather so far. The key opens it once there is one.",
    ]
    assert all_keys(FileParameter(str(place)))[made["id"]].models == ("churm", "churn", "weather")


def test_of_a_key_for_all_models_no_model_is_looked_up(call: Call, tmp_path: Path) -> None:
    service().store = Away(str(tmp_path / "store"))
    status, made = call("POST", "/keys", REQUEST | {"models": []})
    assert (status, made["notes"]) == (201, [])


def test_where_the_store_is_away_a_key_is_made_and_says_that_nobody_looked(
    call: Call, tmp_path: Path
) -> None:
    service().store = Away(str(tmp_path / "store"))
    status, made = call("POST", "/keys", REQUEST)
    assert status == 201
    assert made["notes"] == [
        "Whether there are such models could not be looked up: the store could not be reached. The key opens "
        "those that there are; GET /models lists them."
    ]


def test_the_newest_key_comes_first(call: Call) -> None:
    ids = [call("POST", "/keys", REQUEST | {"note": f"till {number}"})[1]["id"] for number in range(2)]
    page = call("GET", "/keys")[1]
    assert {key["id"] for key in page["keys"]} == set(ids)


def test_a_revoked_key_does_not_count_and_says_since_when(call: Call, place: Path) -> None:
    made = call("POST", "/keys", REQUEST)[1]
    status, ended = call("DELETE", f"/keys/{made['id']}")
    assert (status, ended["state"]) == (200, "revoked")
    assert all_keys(FileParameter(str(place)))[made["id"]].ended(datetime.now(UTC))
    again = call("DELETE", f"/keys/{made['id']}")[1]
    assert again["revoked"] == ended["revoked"]


def test_an_unknown_key_cannot_be_revoked(call: Call) -> None:
    call("POST", "/keys", REQUEST)
    status, refusal = call("DELETE", "/keys/00000000")
    assert (status, refusal["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    "change",
    [
        {"scopes": []},
        {"scopes": ["fly"]},
        {"note": ""},
        {"note": "a" * 61},
        {"note": "two\nlines"},
        {"note": "ends a line\n"},
        {"note": "turned \u202earound"},
        {"note": "{{ssm}}"},
        {"days": 0},
        {"days": 4_000},
        {"days": True},
        {"models": ["Not A Name"]},
        {"models": ["a"] * 11},
        {"secret": "mine"},
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_is_made(
    call: Call, place: Path, change: dict[str, Any]
) -> None:
    status, refusal = call("POST", "/keys", REQUEST | change)
    assert (status, refusal["code"]) == (422, "INVALID_INPUT")
    assert not place.exists()


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/keys"), ("POST", "/keys"), ("DELETE", "/keys/0123abcd")]
)
@pytest.mark.parametrize(
    ("scopes", "models", "expected"),
    [(None, "", 401), ("predict feedback", "", 403), ("admin", "churn", 403)],
    ids=["nobody", "no administrator", "an administrator of one model"],
)
def test_keys_are_for_administrators_of_all_models(
    call: Call, method: str, path: str, scopes: str | None, models: str, expected: int
) -> None:
    body = REQUEST if method == "POST" else None
    assert call(method, path, body, scopes=scopes, models=models)[0] == expected


def test_a_damaged_list_is_said_and_kept(call: Call, place: Path) -> None:
    place.write_text("{")
    assert call("GET", "/keys")[0] == 503
    assert call("POST", "/keys", REQUEST)[0] == 503
    assert place.read_text() == "{"


def test_the_log_says_which_person_made_and_revoked_a_key(
    call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    """`call` has led the handler to its list of keys."""
    person: dict[str, Any] = {"key_id": "user:ada@example.com", "scopes": "admin", "name": "ada@example.com"}
    made = gateway.call(handler, "POST", "/keys", REQUEST, **person)[1]
    gateway.call(handler, "DELETE", f"/keys/{made['id']}", **person)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    said = [(line["message"], line["by"]) for line in lines if line.get("key_id") == made["id"]]
    assert said == [("key made", "user:ada@example.com"), ("key revoked", "user:ada@example.com")]
