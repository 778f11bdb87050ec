"""A store with the Titanic's champion, in a folder, and the function that looks after its datasets."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from functions.core.storage.folder import FolderStore
from functions.core.storage.service import service
from functions.core.storage.view import ModelStore
from functions.datasets.handler import handler
from tests.support import gateway
from tests.support.titanic import MODEL

Ask = Callable[..., tuple[int, Any]]


@pytest.fixture
def store(published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelStore]:
    shutil.copytree(published, tmp_path / "store")
    monkeypatch.setenv("LIFEBOAT_STORE", str(tmp_path / "store"))
    service.cache_clear()
    yield ModelStore(FolderStore(str(tmp_path / "store")), MODEL)
    service.cache_clear()


@pytest.fixture
def ask(store: ModelStore) -> Ask:
    """Sends one request through the handler, as the gateway would; returns status and what the body holds."""

    def ask(
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        scopes: str | None = "admin",
        models: str = "",
        key_id: str = "ada@example.org",
        **options: Any,
    ) -> tuple[int, Any]:
        answer = gateway.send(
            handler,
            method,
            path,
            body,
            key_id=key_id,
            scopes=scopes,
            models=models,
            headers={"content-type": "text/csv", **options.pop("headers", {})},
            **options,
        )
        return gateway.content_of(answer)

    return ask
