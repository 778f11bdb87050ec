"""What API Gateway says of a request: which of its routes took it, and what stands before that route's path.

Below a named stage (`/dev/model`) or the base path of a domain (`/titanic/model`) a path is longer than that
of its route. And a path that was encoded twice is another one once it is decoded twice: API Gateway decodes
it, and nobody may do it again. So the route that the gateway took is the route, whatever the path looks like.
"""

import base64
import binascii
import re
from collections.abc import Mapping, Set
from typing import Any

_VARIABLE = re.compile(r"\{(\w+)\}")
_HOST = re.compile(r"[A-Za-z0-9._-]{1,255}(:[0-9]{1,5})?")
_DEFAULT_STAGE = "$default"

Event = Mapping[str, Any]


def split_path(event: Event) -> tuple[str, str]:
    """The base path of an HTTP API event (payload format 2.0), "" where there is none, and the path of its
    route with the variables filled in.

    A route that names no path (`$default`, `ANY /{proxy+}`) tells nothing: there it is the path without the
    stage.
    """
    raw = str(event.get("rawPath") or "/")
    path = _path_of_route(event)
    if path is not None:
        # The variables are as the gateway decoded them, like the path.
        base = raw[: -len(path)] if raw.endswith(path) else ""
        return base.rstrip("/"), path
    stage = f"/{(event.get('requestContext') or {}).get('stage') or _DEFAULT_STAGE}"
    if stage != f"/{_DEFAULT_STAGE}" and (raw + "/").startswith(f"{stage}/"):
        return stage, raw[len(stage) :] or "/"
    return "", raw


def _path_of_route(event: Event) -> str | None:
    path = str(event.get("routeKey") or "").partition(" ")[2]
    if not path or "+}" in path:
        return None
    if "{" not in path:
        return path
    given = event.get("pathParameters") or {}
    if not {*_VARIABLE.findall(path)} <= given.keys():
        return None
    # A slash in a variable is part of it, and begins no other route.
    return _VARIABLE.sub(lambda variable: str(given[variable[1]]).replace("/", "%2F"), path)


def variables_of(event: Event) -> Set[str] | None:
    """The names of the variables in the path of the gateway's route; None where that is not known."""
    return None if _path_of_route(event) is None else (event.get("pathParameters") or {}).keys()


UNREADABLE_BODY = "lifeboat.unreadable_body"
"""In an event: why its body could not be read. The application refuses it, after who may not ask at all."""


def readable(event: dict[str, Any]) -> dict[str, Any]:
    """The event without what Mangum fails on: a host or a port that is none (`Host: x:y`), and a body that is
    said to be base64 and is not, in whose place `UNREADABLE_BODY` says so."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    host, port = str(headers.get("host", "")), str(headers.get("x-forwarded-port", "80"))
    if not _HOST.fullmatch(host):
        # Nothing here depends on it; who called by which name is in the gateway's own fields.
        headers.pop("host", None)
    if not port.isascii() or not port.isdecimal() or len(port) > len("65535"):
        headers.pop("x-forwarded-port", None)
    return event | {"headers": headers} | _readable_body(event)


def _readable_body(event: Event) -> dict[str, Any]:
    if not event.get("isBase64Encoded"):
        return {}
    try:
        # Mangum decodes it once more, and would pass over what is no base64 in the middle of a body.
        base64.b64decode(event.get("body") or "", validate=True)
    except (binascii.Error, ValueError):
        reason = "the body is said to be base64, and is not"
        return {"body": "", "isBase64Encoded": False, UNREADABLE_BODY: reason}
    return {}
