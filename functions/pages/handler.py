"""The Lambda entry point of the pages, to everybody: GET / and its assets, and the document of the API.

HEAD of any of them is GET without the body. What no route of the API takes comes here too (`$default`).
"""

import base64
import gzip
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

from functions.core.base.tracing import follow_trace
from functions.pages.description import description
from functions.pages.refusals import HEADERS, refuse
from functions.pages.settings import PagesSettings
from functions.pages.site import Served, Site
from functions.pages.unknown import UNDESCRIBED, Unknown

# Below the place that this page is at, whatever that is called; the page itself is no file.
_DOCS = "./#//docs"


@lru_cache(maxsize=1)
def site() -> Site:
    return Site(PagesSettings.from_environment())


@lru_cache(maxsize=1)
def unknown() -> Unknown:
    return Unknown(UNDESCRIBED | description().routes)


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer an HTTP API event (payload format 2.0)."""
    route = str(event.get("routeKey") or "$default")
    method = (event.get("requestContext") or {}).get("http", {}).get("method")
    trace = follow_trace(event)
    if route.startswith("HEAD ") or method == "HEAD":
        answer = _answer_route(event, route.replace("HEAD ", "GET ", 1))
        answer = {**answer, "body": "", "isBase64Encoded": False}
    else:
        answer = _answer_route(event, route)
    # Also a redirection, and what OPTIONS is answered with.
    headers = {**HEADERS, **answer.get("headers", {})}
    return {**answer, "headers": {**headers, "traceparent": trace.header} if trace else headers}


def _answer_route(event: dict[str, Any], route: str) -> dict[str, Any]:
    """The answer to a request that one of the routes took: HEAD counts as GET."""
    if route == "$default":
        return unknown().answer(event)
    if route == "GET /":
        # Whoever sends people here may add to the address, as a log-in does: nobody is sent away for it.
        return _serve(event, site().index(_base(event)))
    if fault := _unknown_parameters(event):
        return fault
    if route == "GET /docs":
        return {"statusCode": 302, "headers": {"location": _DOCS, "cache-control": "no-cache"}}
    if route == "GET /openapi.json":
        return _serve(event, description().served)
    variables = event.get("pathParameters") or {}
    served = site().asset(variables.get("digest", ""), variables.get("name", ""))
    if served is None:
        # A page that was open while another version was deployed.
        return refuse(event, 404, "NOT_FOUND", "there is no such file of these pages; reload the page")
    return _serve(event, served)


def _unknown_parameters(event: Mapping[str, Any]) -> dict[str, Any] | None:
    """The refusal of a query parameter, of which the routes of this function have none."""
    names = dict.fromkeys(name for name, _ in parse_qsl(str(event.get("rawQueryString") or ""), True))
    if not names:
        return None
    message = "is no parameter of this route; it has none"
    faults = [{"loc": ["query", name[:100]], "msg": message, "type": "unknown"} for name in [*names][:20]]
    error = "the input does not fit; `detail` says where"
    return refuse(dict(event), 422, "INVALID_INPUT", error, faults)


def _serve(event: Mapping[str, Any], served: Served) -> dict[str, Any]:
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    if headers.get("if-none-match") == served.etag:
        return {"statusCode": 304, "headers": _headers(served)}
    return _answer(served, headers.get("accept-encoding", ""))


def _base(event: Mapping[str, Any]) -> str:
    path = str(event.get("rawPath") or "/")
    return path if path.endswith("/") else f"{path}/"


def _answer(served: Served, accepted: str) -> dict[str, Any]:
    headers = {**_headers(served), "content-type": served.content_type}
    body = served.compressed
    if "gzip" in accepted:
        headers["content-encoding"] = "gzip"
    else:
        body = gzip.decompress(body)
    return {
        "statusCode": 200,
        "headers": headers,
        "isBase64Encoded": True,
        "body": base64.b64encode(body).decode(),
    }


def _headers(served: Served) -> dict[str, str]:
    return {
        "cache-control": served.cache_control,
        "etag": served.etag,
        "vary": "accept-encoding",
        "content-security-policy": site().policy,
        "cross-origin-opener-policy": "same-origin",
    }
