"""The Lambda entry point of the pages: GET / and its assets, to everybody."""

import base64
import gzip
from functools import lru_cache
from typing import Any

from functions.pages.settings import PagesSettings
from functions.pages.site import Served, Site


@lru_cache(maxsize=1)
def site() -> Site:
    return Site(PagesSettings.from_environment())


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer an HTTP API event (payload format 2.0)."""
    variables = event.get("pathParameters") or {}
    if "name" in variables:
        served = site().asset(variables.get("digest", ""), variables["name"])
    else:
        served = site().index(_base(event))
    if served is None:
        # A page that was open while another version was deployed: a reload fetches the new one.
        return {
            "statusCode": 404,
            "headers": {"content-type": "text/plain"},
            "body": "There is no such file.",
        }
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    if headers.get("if-none-match") == served.etag:
        return {"statusCode": 304, "headers": _headers(served)}
    return _answer(served, headers.get("accept-encoding", ""))


def _base(event: dict[str, Any]) -> str:
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
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
    }
