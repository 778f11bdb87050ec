"""HTTP requests as API Gateway's HTTP API hands them to a function (payload format 2.0), and answers back."""

import base64
import json
import os
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from functions.local.platform.template import ACCOUNT, Route

# Everything else reaches a function in base64, form data and application/problem+json included.
TEXT = re.compile(r"text/|application/(json|javascript|xml)\b(?!\+)")


@dataclass(frozen=True, slots=True)
class Match:
    """The route that takes a request, and the variables of its path."""

    route: Route
    variables: dict[str, str]


class Router:
    """Finds routes as API Gateway does: full matches, then greedy ones (`{rest+}`), then `$default`."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes = [(route, _pattern(route.path)) for route in sorted(routes, key=_rank)]

    def match(self, method: str, path: str) -> Match | None:
        for route, pattern in self._routes:
            if route.method in {method, "ANY"} and (matched := pattern.fullmatch(path)):
                return Match(route, matched.groupdict())
        return None


def _pattern(path: str) -> re.Pattern[str]:
    if path == "$default":
        return re.compile(r".*", re.DOTALL)
    pieces = []
    for piece in re.split(r"(\{\w+\+?\})", path):
        if piece.endswith("+}"):
            pieces.append(f"(?P<{piece[1:-2]}>.+)")
        elif piece.startswith("{"):
            pieces.append(f"(?P<{piece[1:-1]}>[^/]+)")
        else:
            pieces.append(re.escape(piece))
    return re.compile("".join(pieces), re.DOTALL)


def _rank(route: Route) -> tuple[bool, bool, int, bool]:
    return route.path == "$default", "+}" in route.path, route.path.count("{"), route.method == "ANY"


def request_event(request: Request, body: bytes, match: Match) -> dict[str, Any]:
    """The event for a request, with all fields that AWS documents for a route without an authorizer."""
    now = time.time()
    headers = _joined(
        (name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw
    )
    cookies = headers.pop("cookie", None)
    headers |= {
        "x-amzn-trace-id": f"Root=1-{int(now):08x}-{os.urandom(12).hex()}",
        "x-forwarded-for": ",".join(filter(None, [headers.get("x-forwarded-for"), _source(request)])),
        # What the server says, not the header Host: that may hold anything.
        "x-forwarded-port": str((request.scope.get("server") or ("", 80))[1] or 80),
        "x-forwarded-proto": request.scope["scheme"],
    }
    path = request.scope["path"]  # decoded: an HTTP API decodes rawPath, whatever its name says
    query = request.scope["query_string"].decode("latin-1")
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": match.route.key,
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers,
        "requestContext": _context(request, match.route, headers, now),
        "isBase64Encoded": False,
    }
    if cookies:
        event["cookies"] = re.split(r"[;,]\s*", cookies)
    if query:
        event["queryStringParameters"] = _joined(parse_qsl(query, keep_blank_values=True))
    if match.variables:
        event["pathParameters"] = match.variables
    if body:
        event["body"], event["isBase64Encoded"] = _body(body, headers.get("content-type", "text/plain"))
    return event


def _source(request: Request) -> str:
    return request.client.host if request.client else "127.0.0.1"


def _context(request: Request, route: Route, headers: dict[str, str], now: float) -> dict[str, Any]:
    host = headers.get("host", "")
    return {
        "accountId": ACCOUNT,
        "apiId": "local",
        "domainName": host,
        "domainPrefix": host.partition(".")[0],
        "http": {
            "method": request.method,
            "path": request.scope["path"],
            "protocol": f"HTTP/{request.scope['http_version']}",
            "sourceIp": _source(request),
            "userAgent": headers.get("user-agent", ""),
        },
        "requestId": base64.b64encode(os.urandom(11)).decode(),
        "routeKey": route.key,
        "stage": "$default",
        "time": datetime.fromtimestamp(now, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "timeEpoch": int(now * 1000),
    }


def authorizer_event(event: dict[str, Any], *, region: str = "us-east-1") -> dict[str, Any]:
    """What the authorizer is asked about the request of `event`: all of it but the body.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html
    """
    context = event["requestContext"]
    address = f"{context['apiId']}/{context['stage']}/{context['http']['method']}{event['rawPath']}"
    asked = {name: value for name, value in event.items() if name not in {"body", "isBase64Encoded"}}
    return asked | {
        "type": "REQUEST",
        "routeArn": f"arn:aws:execute-api:{region}:{ACCOUNT}:{address}",
        # What template.yaml names as the source of identity.
        "identitySource": [context["requestId"]],
    }


def _joined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Payload format 2.0 has no multi-value fields: what comes twice is joined by a comma."""
    joined: dict[str, str] = {}
    for name, value in pairs:
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def _body(body: bytes, content_type: str) -> tuple[str, bool]:
    if TEXT.match(content_type.lower()):
        try:
            return body.decode(), False
        except UnicodeDecodeError:
            pass  # text in name only: JSON could not carry these bytes
    return base64.b64encode(body).decode(), True


def http_response(answer: Any) -> Response:
    """What API Gateway makes of a function's answer. Raises `ValueError` when it can make nothing of it."""
    if not isinstance(answer, dict) or "statusCode" not in answer:
        # Format 2.0 infers: anything without a status is the JSON body of a success.
        return Response(json.dumps(answer), media_type="application/json")
    try:
        body = answer.get("body") or ""
        content = base64.b64decode(body, validate=True) if answer.get("isBase64Encoded") else body.encode()
        headers = {"content-type": "text/plain;charset=UTF-8"}
        headers |= {name.lower(): str(value) for name, value in (answer.get("headers") or {}).items()}
        cookies: Sequence[str] = answer.get("cookies") or ()
        headers.pop("content-length", None)  # Starlette counts
        response = Response(content, status_code=int(answer["statusCode"]), headers=headers)
        for cookie in cookies:
            response.headers.append("set-cookie", cookie)
    except (AttributeError, TypeError) as error:
        raise ValueError(f"not an answer in payload format 2.0: {error}") from error
    return response
