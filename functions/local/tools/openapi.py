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
from functions.local.platform.function_process import FunctionProcess
from functions.local.platform.gateway import Gateway, Invocable
from functions.local.platform.template import Route, Template
from functions.local.process import environment
from functions.local.process.child import ROOT
from functions.local.process.environment import needed_of
from functions.local.story.loop import SHIPPED, SHIPPED_SCHEMA
from functions.local.tools.subjects import SUBJECTS, subject_of

DOCUMENT = ROOT / "openapi.json"
# Where a function answers with what its own routes are; the API itself has no route to it.
_SERVED_AT = "/openapi.json"
_LICENSE = {"name": "MIT", "identifier": "MIT"}
# Relative to where the document was read from: so it is right below a base path, too.
_SERVERS = [
    {"url": ".", "description": "Where this document is"},
    {"url": "http://127.0.0.1:8000", "description": "`make run` on this machine"},
]
_DESCRIPTION = """\
Models of tables: scores, explanations, and the versions behind them. Each route about a model stands at the
root for the default model, and below /models/{model} for any; the rows shown here are those of the model that
Lifeboat is shipped with, and GET /models/{model}/openapi.json has any model's own.

A key travels in `x-api-key` or as `Authorization: Bearer`, an access token of a person or a program as the
latter. A query parameter that a route does not have is refused.

What is wrong is told in one shape, `ErrorEnvelope`; so are a path that is not here (404) and a method (405).
What never reaches a function, or never comes back, API Gateway answers in its own, `{"message": "..."}`: 413
for a request over 6 MB, 429 when there are too many, 500 when a function failed, 503 when it took too
long."""

Document = dict[str, Any]


async def describe_api(template: Template) -> Document:
    """Ask the functions of `template` for their documents, and merge them.

    Raises `RuntimeError` when one does not answer with a document, `ValueError` as `merge` does.
    """
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory())
        # What a row is says the schema of the default model, before there is any version of it.
        ModelStore(open_store(folder), SHIPPED.model).put(SCHEMA, SHIPPED_SCHEMA.read_bytes())
        described = needed_of(os.environ) | {
            environment.STORE: folder,
            environment.DEFAULT_MODEL: SHIPPED.model,
        }
        documents = []
        # What is open to everybody, such as the pages, is no part of the API, or stands beside what is not.
        for id_ in dict.fromkeys(route.function for route in template.routes if route.authorizer):
            process = FunctionProcess(template.functions[id_], described, _say_nothing)
            stack.push_async_callback(process.stop)
            documents.append(await _ask(id_, process))
        return merge(documents)


async def _ask(function: str, process: Invocable) -> Document:
    """What a function says of itself: the same whoever asks, and there are no keys to ask with."""
    route = Route("GET", _SERVED_AT, function, authorizer="everybody")
    gateway = Gateway((route,), {function: process, "everybody": _Everybody()}, _fail)
    transport = httpx.ASGITransport(gateway)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        response = await client.get(_SERVED_AT)
    if response.is_error:
        raise RuntimeError(
            f"{function}: GET {_SERVED_AT} answered {response.status_code}: {response.text}; its app needs "
            "`add_document`"
        )
    document: Document = response.json()
    return document


def merge(documents: Iterable[Document]) -> Document:
    """One document with all that `documents` describe, under the name and version of the first.

    Each operation has its subject as its tag. Raises `ValueError` when two of them say different things of
    the same path or component, and for a path of no known subject.
    """
    first, *others = documents
    whole = {
        "openapi": first["openapi"],
        "info": {**first["info"], "description": _DESCRIPTION, "license": _LICENSE},
        "servers": _SERVERS,
        "tags": [{"name": name, "description": text} for name, text in SUBJECTS.items()],
        "paths": dict(first["paths"]),
        "components": {kind: dict(named) for kind, named in first["components"].items()},
    }
    for other in others:
        _add(whole["paths"], other["paths"])
        for kind, named in other["components"].items():
            _add(whole["components"].setdefault(kind, {}), named)
    whole["paths"] = {path: _tagged(path, item) for path, item in whole["paths"].items()}
    return whole


def _tagged(path: str, item: Document) -> Document:
    # An empty list: no key is wanted, which is more than saying nothing of keys.
    always: Document = {"tags": [subject_of(path)], "security": []}
    return {method: always | operation for method, operation in item.items()}


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
