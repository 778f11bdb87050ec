"""A store with versions of a model, and the models function's handler over it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from functions.models import app as models_app
from functions.models.handler import handler
from tests.models.shelf import Call, Shelf
from tests.support import gateway


@pytest.fixture
def shelf(tmp_path: Path, published: Path) -> Shelf:
    return Shelf(tmp_path, published)


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Call]:
    """Sends one request through the handler, as the gateway would; returns status and what the body holds."""
    monkeypatch.setenv("LIFEBOAT_STORE", str(tmp_path))
    models_app.store.cache_clear()

    def call(method: str, path: str, body: Any = None, scopes: str | None = "admin") -> tuple[int, Any]:
        return gateway.call(handler, method, path, body, key_id="abc", scopes=scopes)

    yield call
    models_app.store.cache_clear()
