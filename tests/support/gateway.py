"""Requests as the API's gateway hands them to a function, for tests that call its handler."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

EVENTS = Path(__file__).parents[1] / "events"

Handler = Callable[[dict[str, Any], Any], dict[str, Any]]


def read_event(name: str) -> dict[str, Any]:
    """A golden event by the name of its file."""
    event: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return event


def send(
    handler: Handler,
    method: str,
    path: str,
    body: str | bytes | None = None,
    *,
    key_id: str = "5f3a91c2",
    scopes: str | None = "predict",
    models: str = "",
    name: str = "",
    headers: dict[str, str] | None = None,
    route: str = "",
    **changes: Any,
) -> dict[str, Any]:
    """Send one request through `handler`, as the gateway would; the gateway's answer.

    path: with its query. scopes: of the key that the authorizer found (None: no authorizer was asked).
    models: those that the key is limited to, separated by spaces; "" for all. name: of who calls.
    route: the gateway's, where the path has variables. changes: fields of the event.
    """
    raw, _, query = path.partition("?")
    request = read_event("http_predict")
    if scopes is None:
        del request["requestContext"]["authorizer"]
    else:
        found = {"key_id": key_id, "scopes": scopes, "models": models, "name": name}
        request["requestContext"]["authorizer"]["lambda"] |= found
    request |= {"rawPath": raw, "rawQueryString": query, "body": body} | changes
    request["headers"] |= headers or {}
    if isinstance(body, bytes):
        request |= {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
    request["requestContext"]["http"] |= {"method": method, "path": raw}
    request["routeKey"] = request["requestContext"]["routeKey"] = route or f"{method} {raw}"
    return handler(request, None)


def call(handler: Handler, method: str, path: str, body: Any = None, **options: Any) -> tuple[int, Any]:
    """The same with a body of JSON; status, and what the answer holds."""
    return content_of(send(handler, method, path, None if body is None else json.dumps(body), **options))


def content_of(answer: dict[str, Any]) -> tuple[int, Any]:
    """The status of the gateway's answer, and what it holds: JSON (None if it is empty) or text."""
    content = answer["body"]
    if "json" in answer["headers"].get("content-type", ""):
        content = json.loads(content or "null")
    return answer["statusCode"], content
