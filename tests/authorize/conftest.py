"""A place for the keys, and the authorizer that reads them there."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from functions.authorize.handler import handler, key_ring, login
from functions.core.storage.parameter import Parameter
from functions.core.storage.parameter_opening import open_parameter
from tests.support.keys import Ask


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the handler and the command line find the keys: a file that does not exist yet."""
    path = tmp_path / "keys" / "keys.json"
    monkeypatch.setenv("LIFEBOAT_KEYS", str(path))
    monkeypatch.setenv("LIFEBOAT_KEYS_REFRESH_SECONDS", "0")
    for name in ("ISSUER", "AUDIENCE", "KEYS", "NAME", "GROUPS"):
        monkeypatch.delenv(f"LIFEBOAT_LOGIN_{name}", raising=False)
    for kept in (key_ring, login):
        kept.cache_clear()
    yield path
    for kept in (key_ring, login):
        kept.cache_clear()


@pytest.fixture
def parameter(place: Path) -> Parameter:
    return open_parameter(str(place))


@pytest.fixture
def ask(event: Callable[[str], dict[str, Any]], place: Path) -> Ask:
    """Asks the handler about AWS' documented event with these headers; returns the context."""

    def send(
        headers: dict[str, str] | None = None, query: str = "", path: str = "/predict"
    ) -> dict[str, str]:
        request = event("authorizer_request") | {"rawQueryString": query, "rawPath": path}
        request["headers"] |= headers or {}
        answer = handler(request, None)
        assert set(answer) == {"isAuthorized", "context"}
        assert answer["isAuthorized"] is True
        context: dict[str, str] = answer["context"]
        assert set(context) == {"key_id", "scopes", "models", "name", "denied", "unavailable"}
        assert bool(context["key_id"]) is not bool(context["denied"] or context["unavailable"])
        return context

    return send
