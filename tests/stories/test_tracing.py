"""A request in a trace is answered in it by every function of the API, and each line of the log tells it."""

import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from functions.core.base.tracing import follow_trace
from functions.core.storage.service import service
from functions.local.platform.template import read_template
from tests.support import gateway
from tests.support.declared import TEMPLATE

TRACE = "0af7651916cd43dd8448eb211c80319c"
TRACEPARENT = f"00-{TRACE}-b7ad6b7169203331-01"
DECLARED = read_template(TEMPLATE)
ROUTES = {route.function: route.key for route in DECLARED.routes}


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("LIFEBOAT_STORE", str(tmp_path))
    service.cache_clear()
    yield
    service.cache_clear()
    follow_trace({})


def answer(function: str, header: str) -> dict[str, Any]:
    """The answer of a function to one of its routes, whoever asks."""
    module, _, name = DECLARED.functions[function].handler.rpartition(".")
    handler = getattr(importlib.import_module(module), name)
    method, _, path = ROUTES[function].partition(" ")
    path = path.replace("{model}", "titanic")
    return gateway.send(
        handler, method or "GET", path or "/nowhere", scopes=None, headers={"traceparent": header}
    )


@pytest.mark.parametrize("function", sorted(ROUTES))
def test_every_function_answers_in_the_trace_that_it_was_asked_in(function: str) -> None:
    assert answer(function, TRACEPARENT)["headers"]["traceparent"] == TRACEPARENT


@pytest.mark.parametrize("function", sorted(ROUTES))
def test_no_function_answers_in_a_trace_that_is_none(function: str) -> None:
    assert "traceparent" not in answer(function, TRACEPARENT.upper())["headers"]


def test_what_an_administrator_asks_for_is_logged_in_the_trace(capsys: pytest.CaptureFixture[str]) -> None:
    models = importlib.import_module("functions.models.handler").handler
    path = f"/models/{'f' * 16}"
    gateway.send(models, "DELETE", path, scopes="admin", headers={"traceparent": TRACEPARENT})
    [line] = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "administrator" in line]
    assert line["trace_id"] == TRACE
