"""A store with versions of models, and the models function's handler over it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from functions.core.storage.service import service
from functions.models.handler import handler
from tests.models.shelf import Call, Shelf
from tests.support import gateway
from tests.support.churn import SCHEMA


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """The default model's part."""
    return Shelf(tmp_path)


@pytest.fixture
def churn(tmp_path: Path) -> Shelf:
    """Another model's part of the same store."""
    return Shelf(tmp_path, "churn", SCHEMA)


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Call]:
    """Sends one request through the handler, as the gateway would; returns status and what the body holds."""
    monkeypatch.setenv("LIFEBOAT_STORE", str(tmp_path))
    service.cache_clear()

    def call(
        method: str, path: str, body: Any = None, scopes: str | None = "admin", models: str = ""
    ) -> tuple[int, Any]:
        return gateway.call(handler, method, path, body, key_id="abc", scopes=scopes, models=models)

    yield call
    service.cache_clear()
