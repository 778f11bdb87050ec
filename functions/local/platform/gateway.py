"""The HTTP API in front of the functions, with API Gateway's routes, limits and error texts."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from functions.local.platform.cors import allow, is_preflight
from functions.local.platform.function_process import FunctionError, FunctionTimeout
from functions.local.platform.http_events import (
    Match,
    Router,
    authorizer_event,
    http_response,
    request_event,
)
from functions.local.platform.template import Cors, Route
from functions.local.process.hosts import is_this_machine

MAX_REQUEST_BYTES = 10 * 1024 * 1024  # API Gateway's
MAX_PAYLOAD_BYTES = 6 * 1024 * 1024  # Lambda's, for the event and for the answer
INTEGRATION_SECONDS = 30.0
MISDIRECTED = "Forbidden: this API is asked as localhost or by the address that the runner printed"

METRICS_PATH = "/metrics"
# In the scope of a request: which function it went to.
_FUNCTION = "lifeboat.function"

OnRequest = Callable[[str, str, int, float], None]
Answer = Callable[[Request], Awaitable[Response]]


class Invocable(Protocol):
    def invoke(self, event: Any, /) -> Awaitable[Any]: ...


class Measured(Protocol):
    """What counts requests: `functions.local.monitoring.exposition.Exposition`."""

    def count_request(self, function: str | None, status: int, seconds: float) -> None: ...

    def answer(self, request: Request) -> Awaitable[Response]: ...


class Gateway:
    """An ASGI application that turns requests into invocations of the functions its routes name.

    cors: what pages of other sites may do; None: nothing.
    on_request: told of each request its method, its path as it was sent, the status and the seconds it took.
    beside: what answers in place of a function, as other services do in AWS, by the beginnings of its paths.
    metrics: counts the requests, and answers for itself at `METRICS_PATH`, to no page of another site.
    unhurried: the function that is waited for as long as it takes.
    """

    def __init__(
        self,
        routes: tuple[Route, ...],
        functions: Mapping[str, Invocable],
        on_error: Callable[[str, str], None],
        on_request: OnRequest | None = None,
        beside: Mapping[str, Answer] | None = None,
        cors: Cors | None = None,
        metrics: Measured | None = None,
        unhurried: str | None = None,
    ) -> None:
        self._router = Router(routes)
        self._functions = functions
        self._on_error = on_error
        self._on_request = on_request
        self._beside = dict(beside or {})
        self._cors = cors
        self._metrics = metrics
        self._unhurried = unhurried

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        began = time.perf_counter()
        try:
            request = Request(scope, receive)
            response = await self._answer(request)
            if self._cors and not self._asks_for_metrics(request):
                allow(self._cors, request, response)
        except ClientDisconnect:
            return
        await response(scope, receive, send)
        if self._metrics and not self._asks_for_metrics(request):
            function = scope.get(_FUNCTION)
            self._metrics.count_request(function, response.status_code, time.perf_counter() - began)
        if self._on_request:
            # Decoded, a path could hold an end of line. The query is left out: people put keys into it.
            path = scope.get("raw_path", b"").decode("latin-1")
            self._on_request(scope["method"], path, response.status_code, time.perf_counter() - began)

    async def _answer(self, request: Request) -> Response:
        if not is_this_machine(request.headers.get("host", "")):
            return _message(403, MISDIRECTED)
        if self._metrics and request.scope["path"] == METRICS_PATH:
            return await self._metrics.answer(request)
        if other := self._other(request.scope["path"]):
            return await other(request)
        match = self._router.match(request.method, request.scope["path"])
        if match is None:
            if self._cors and is_preflight(request):
                return Response(status_code=204)
            return _message(404, "Not Found")
        return await self._ask_function(request, match)

    async def _ask_function(self, request: Request, match: Match) -> Response:
        """What the function of a route answers, once it may be asked."""
        request.scope[_FUNCTION] = match.route.function
        body = await _read(request)
        if body is None:
            return _message(413, "Request Entity Too Large")
        event = request_event(request, body, match)
        if _payload_bytes(event) > MAX_PAYLOAD_BYTES:
            return _message(413, "Request Entity Too Large")
        if match.route.authorizer:
            refusal = await self._authorize(match.route.authorizer, event)
            if refusal:
                return refusal
        response = await self._invoke(match.route.function, event)
        response.headers["apigw-requestid"] = event["requestContext"]["requestId"]
        if request.scope["scheme"] != "https":
            # Over plain http no browser is to be told that this host is asked by https alone (RFC 6797, 7.2).
            del response.headers["strict-transport-security"]
        return response

    async def _invoke(self, function: str, event: dict[str, Any]) -> Response:
        """What the function answers, or what API Gateway says when it fails or is late."""
        invocation = asyncio.ensure_future(self._functions[function].invoke(event))
        # As on AWS, a function that is too late for the gateway may finish; how it ends, nobody asks.
        invocation.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
        seconds = None if function == self._unhurried else INTEGRATION_SECONDS
        done, _ = await asyncio.wait({invocation}, timeout=seconds)
        if not done:
            late = f"not done after {INTEGRATION_SECONDS:.0f} seconds, so the gateway answered 503"
            self._on_error(function, late)
            return _message(503, "Service Unavailable")
        try:
            answer = invocation.result()
            if _payload_bytes(answer) > MAX_PAYLOAD_BYTES:
                raise ValueError(f"the answer is over {MAX_PAYLOAD_BYTES} bytes")
            return http_response(answer)
        except FunctionTimeout as error:
            self._on_error(function, str(error))
            return _message(503, "Service Unavailable")
        except (FunctionError, ValueError) as error:
            self._on_error(function, str(error))
            return _message(500, "Internal Server Error")

    def _asks_for_metrics(self, request: Request) -> bool:
        return self._metrics is not None and request.scope["path"] == METRICS_PATH

    def _other(self, path: str) -> Answer | None:
        return next((answer for begin, answer in self._beside.items() if path.startswith(f"{begin}/")), None)

    async def _authorize(self, function: str, event: dict[str, Any]) -> Response | None:
        """Ask the authorizer and put its context into `event`; what to answer when it lets nobody through."""
        try:
            answer = await self._functions[function].invoke(authorizer_event(event))
            allowed, context = answer["isAuthorized"], answer.get("context", {})
        except (FunctionError, KeyError, TypeError) as error:
            self._on_error(function, f"no authorization: {error!r}")
            return _message(500, "Internal Server Error")
        if allowed is not True:
            return _message(403, "Forbidden")
        event["requestContext"]["authorizer"] = {"lambda": context}
        return None


def _payload_bytes(payload: Any) -> int:
    """How much Lambda counts: JSON in UTF-8, as its runtime writes it (awslambdaric, `to_json`)."""
    # A lone surrogate, which UTF-8 cannot hold, is for whoever makes a response of it to refuse.
    return len(json.dumps(payload, ensure_ascii=False).encode(errors="surrogatepass"))


def _message(status: int, text: str) -> Response:
    return JSONResponse({"message": text}, status)


async def _read(request: Request) -> bytes | None:
    """The body, or None as soon as it is too long."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_REQUEST_BYTES:
            return None
    return bytes(body)
