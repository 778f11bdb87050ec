"""What every request passes before it reaches a route of an HTTP function: limits, and the door."""

from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from functions.core.base.errors import LifeboatError, PayloadTooLarge, TooManyHeaders, UnreadableBody
from functions.core.http.compression import Compression, decoded
from functions.core.http.gateway import UNREADABLE_BODY, split_path
from functions.core.http.limits import (
    ANSWER_HEADERS,
    BATCH_PATHS,
    FILES,
    MAX_BATCH_BYTES,
    MAX_BODY_BYTES,
    MAX_HEADERS,
)
from functions.core.http.refusals import on_failure
from functions.core.identity.caller import caller_of

# Whoever watches over the service asks here, without a key. Nothing else is open.
OPEN_PATHS = frozenset({"/health/live", "/health/ready", "/v2/health/live", "/v2/health/ready", "/ping"})


# What to do about a body that is too large, by whether the route is one of those for many rows.
_SMALLER = {
    False: "send less, or many rows by POST /predict/batch",
    True: "send it in parts, or have it scored as a file by POST /scoring",
}


class AnswerHeaders:
    """ASGI middleware that tells browsers and proxies to keep, guess and embed nothing."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = [*message.get("headers", ())]
                names = {name for name, _ in given}
                more = [header for header in ANSWER_HEADERS if header[0] not in names]
                message = {**message, "headers": [*given, *more]}
            await send(message)

        await self._app(scope, receive, send_with_headers)


class GatewayRoute:
    """ASGI middleware that has a request answered by the route that the gateway took for it.

    `lifeboat.base_path` in the scope is what stands before that route's path. HEAD is GET without the body.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope.get("aws.event"):
            await self._app(scope, receive, send)
            return
        base, path = split_path(scope["aws.event"])
        scope["path"], scope["lifeboat.base_path"] = path, base

        if scope["method"] == "HEAD":
            scope["method"], send = "GET", _without_body(send)
        await self._app(scope, receive, send)


def _without_body(send: Send) -> Send:
    async def send_head(message: Message) -> None:
        await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

    return send_head


class HeaderLimit:
    """ASGI middleware that refuses a request of more than `MAX_HEADERS` headers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and len(scope["headers"]) > MAX_HEADERS:
            error = TooManyHeaders(f"the request has more than {MAX_HEADERS} headers")
            await _refuse(error, scope, receive, send)
            return
        await self._app(scope, receive, send)


class Door:
    """ASGI middleware that lets in who has a valid key, and to `OPEN_PATHS` everybody.

    What the key allows is for each route to say, with `Caller.require`.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] not in OPEN_PATHS:
            try:
                caller_of(scope.get("aws.event", {}))
            except LifeboatError as error:
                await _refuse(error, scope, receive, send)
                return
        await self._app(scope, receive, send)


class BodyLimit:
    """ASGI middleware that refuses a body that is too large, or spoilt on its way, before anything parses it,
    and decodes gzip."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if reason := scope.get("aws.event", {}).get(UNREADABLE_BODY):
            await _refuse(UnreadableBody(reason), scope, receive, send)
            return
        large = scope["path"].endswith(BATCH_PATHS) or FILES in scope["path"]
        limit = MAX_BATCH_BYTES if large else MAX_BODY_BYTES
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if len(body) > limit:
                error = PayloadTooLarge(f"the body is larger than {limit} bytes; {_SMALLER[large]}")
                await _refuse(error, scope, receive, send)
                return
            if not message.get("more_body", False):
                break
        try:
            body = decoded(body, Headers(scope=scope).get("content-encoding", ""), limit) if body else body
        except LifeboatError as error:
            await _refuse(error, scope, receive, send)
            return
        # FastAPI would turn an error raised while it reads the body into a 400: it gets all of it at once.
        whole: Message | None = {"type": "http.request", "body": body, "more_body": False}

        async def replay() -> Message:
            nonlocal whole
            message, whole = whole, None
            return message or await receive()

        await self._app(scope, replay, send)


async def _refuse(error: LifeboatError, scope: Scope, receive: Receive, send: Send) -> None:
    await (await on_failure(Request(scope), error))(scope, receive, send)


# From the outside in: who has no key is refused before anything is read.
MIDDLEWARE = (
    Middleware(AnswerHeaders),
    Middleware(GatewayRoute),
    Middleware(Compression),
    Middleware(HeaderLimit),
    Middleware(Door),
    Middleware(BodyLimit),
)
