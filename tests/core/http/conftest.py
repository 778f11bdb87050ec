"""A function of the API, asked with any word of the authorizer."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from functions.predict import service
from functions.predict.handler import handler
from tests.conftest import LOOP
from tests.support.authorizing import VALID, Ask


@pytest.fixture
def ask(
    event: Callable[[str], dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Ask]:
    """Sends one request through the predict function's handler.

    found: what the authorizer said. route, stage: the gateway's, where they are not the path and `$default`.
    """
    monkeypatch.setenv("LIFEBOAT_STORE", str(tmp_path))
    service.service.cache_clear()
    asyncio.set_event_loop(LOOP)

    def send(
        method: str,
        path: str,
        found: dict[str, str] | None = VALID,
        route: str = "",
        stage: str = "$default",
        **changes: Any,
    ) -> dict[str, Any]:
        request = event("http_predict") | {"rawPath": path} | changes
        request["requestContext"]["http"] |= {"method": method, "path": path}
        request["routeKey"] = route or f"{method} {path}"
        request["requestContext"]["stage"] = stage
        if found is None:
            del request["requestContext"]["authorizer"]
        else:
            request["requestContext"]["authorizer"] = {"lambda": found}
        return handler(request, None)

    yield send
    service.service.cache_clear()
