"""The OpenAPI document of the whole API, `openapi.json`, made from those of the functions."""

import json
import os
from collections.abc import Iterable
from contextlib import AsyncExitStack
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from functions.core.storage.opening import open_store
from functions.core.storage.view import SCHEMA, ModelStore
from functions.local import environment
from functions.local.child import ROOT
from functions.local.environment import needed_of
from functions.local.function_process import FunctionProcess
from functions.local.gateway import Gateway, Invocable
from functions.local.story import SHIPPED, SHIPPED_SCHEMA
from functions.local.template import Template

DOCUMENT = ROOT / "openapi.json"
# A function that describes itself has a route that ends like this.
_SERVED_AT = "/openapi.json"
_DESCRIPTION = """\
Models of tables: scores, explanations, and the versions behind them. Each route about a model stands at the
root for the default model, and below /models/{model} for any; the rows shown here are the default model's.

A key travels in `x-api-key` or as `Authorization: Bearer`.

What is wrong is told in one shape, `ErrorEnvelope`. What never reaches a function, or never comes back, API
Gateway answers in its own, `{"message": "..."}`: 404 for a path or a method that is not here, 413 for a
request over 6 MB, 429 when there are too many, 500 when a function failed, 503 when it took too long."""

Document = dict[str, Any]


async def describe_api(template: Template) -> Document:
    """Ask the functions of `template` for their documents, through its own routes, and merge them.

    Raises `RuntimeError` when one does not answer with a document, `ValueError` as `merge` does.
    """
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory())
        # What a row is says the schema of the default model, before there is any version of it.
        ModelStore(open_store(folder), SHIPPED.model).put(SCHEMA, SHIPPED_SCHEMA.read_bytes())
        described = {environment.STORE: folder, environment.DEFAULT_MODEL: SHIPPED.model}
        functions: dict[str, Invocable] = {}
        for id_, function in template.functions.items():
            process = FunctionProcess(function, needed_of(os.environ) | described, _say_nothing)
            stack.push_async_callback(process.stop)
            functions[id_] = process
        # The documents are the same whoever asks, and there are no keys to ask with.
        functions |= {route.authorizer: _Everybody() for route in template.routes if route.authorizer}
        gateway = Gateway(template.routes, functions, _fail)
        client = httpx.AsyncClient(transport=httpx.ASGITransport(gateway), base_url="http://localhost")
        await stack.enter_async_context(client)
        paths = [route.path for route in template.routes if route.path.endswith(_SERVED_AT)]
        # That of any model, by its name, describes the same routes once more.
        paths = [path for path in paths if "{" not in path]
        return merge([await _ask(client, path) for path in paths])


async def _ask(client: httpx.AsyncClient, path: str) -> Document:
    response = await client.get(path)
    if response.is_error:
        raise RuntimeError(f"GET {path} answered {response.status_code}: {response.text}")
    document: Document = response.json()
    return document


def merge(documents: Iterable[Document]) -> Document:
    """One document with all that `documents` describe, under the name and version of the first.

    Raises `ValueError` when two of them say different things of the same path or component.
    """
    first, *others = documents
    whole = {
        "openapi": first["openapi"],
        "info": {**first["info"], "description": _DESCRIPTION},
        "paths": dict(first["paths"]),
        "components": {kind: dict(named) for kind, named in first["components"].items()},
    }
    for other in others:
        _add(whole["paths"], other["paths"])
        for kind, named in other["components"].items():
            _add(whole["components"].setdefault(kind, {}), named)
    return whole


def as_text(document: Document) -> str:
    """The document as it is committed."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _add(known: dict[str, Any], more: dict[str, Any]) -> None:
    for name, described in more.items():
        if known.setdefault(name, described) != described:
            raise ValueError(f"two functions describe {name} differently: give one of the two another name")


class _Everybody:
    """An authorizer to which everybody has a key."""

    async def invoke(self, _event: Any, /) -> dict[str, Any]:
        return {"isAuthorized": True, "context": {"key_id": "openapi", "scopes": "admin"}}


def _say_nothing(_function: str, _line: str) -> None:
    """What the functions log matters to nobody here."""


def _fail(function: str, reason: str) -> None:
    raise RuntimeError(f"{function} does not describe itself: {reason}")
