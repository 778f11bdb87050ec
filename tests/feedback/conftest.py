"""A store with predictions of two models, and the feedback function's handler over it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from functions.feedback.handler import handler
from functions.feedback.service import service
from tests.feedback.bench import Bench, Call
from tests.support import churn as churn_table
from tests.support import gateway


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """The default model's part."""
    return Bench(tmp_path / "store")


@pytest.fixture
def churn(bench: Bench) -> Bench:
    """Another model's part of the same store."""
    return Bench(bench.root, churn_table.MODEL, churn_table.SCHEMA, churn_table.CUSTOMER)


@pytest.fixture
def call(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Iterator[Call]:
    """Sends one request through the handler, as the gateway would; returns status and what the body holds."""
    monkeypatch.setenv("LIFEBOAT_STORE", str(bench.root))
    service.cache_clear()

    def call(
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str = "5f3a91c2",
        scopes: str = "feedback",
        models: str = "",
    ) -> tuple[int, Any]:
        return gateway.call(handler, method, path, body, key_id=key, scopes=scopes, models=models)

    yield call
    service.cache_clear()
