"""The short way: a plain POST /predict is answered here, without a web framework.

It is what comes by the million and what a cold start waits for. Whatever is not plainly right (a body that
does not fit, a key without the scope, a store that is away) takes the long way, through
`functions.predict.app`, which has the words for it. The same functions validate, score and answer on both.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from functions.core.access import caller_of
from functions.core.columns import to_columns
from functions.core.limits import ANSWER_HEADERS, MOST_BODY_BYTES, MOST_HEADERS
from functions.core.passenger import Passenger
from functions.predict.answers import one_as_json
from functions.predict.predict import Origin, predict
from functions.predict.service import service

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_PASSENGER = TypeAdapter(Passenger)
_HEADERS = [(b"content-type", b"application/json"), *ANSWER_HEADERS]
_EVENT_HEADERS = {name.decode(): value.decode() for name, value in _HEADERS}


def answer_event(event: Mapping[str, Any]) -> dict[str, Any] | None:
    """The gateway's answer to an HTTP API event (payload format 2.0); None for what takes the long way."""
    headers = event.get("headers") or {}
    if (
        event.get("routeKey") != "POST /predict"
        or event.get("rawQueryString")
        or event.get("isBase64Encoded")
        or headers.get("content-type") != "application/json"
        or len(headers) > MOST_HEADERS
    ):
        return None
    answer = _answer(event, event.get("body") or "")
    if answer is None:
        return None
    return {
        "statusCode": 200,
        "headers": {**_EVENT_HEADERS, "content-length": str(len(answer))},
        "body": answer.decode(),
        "isBase64Encoded": False,
    }


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """The ASGI application of the predict function, for Mangum and for any other server."""
    if scope["type"] == "http" and scope["path"] == "/predict" and _is_plain(scope):
        request = await receive()
        event = scope.get("aws.event", {})
        if not request.get("more_body") and (answer := _answer(event, request.get("body", b""))):
            headers = [*_HEADERS, (b"content-length", b"%d" % len(answer))]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": answer})
            return
        receive = _again(request, receive)
    await full_application()(scope, receive, send)


@lru_cache(maxsize=1)
def full_application() -> ASGIApp:
    """All routes. The framework takes long to import: only a request that needs it waits for it."""
    from functions.predict.app import app

    return app


def _is_plain(scope: Scope) -> bool:
    headers = scope["headers"]
    return (
        scope["method"] == "POST"
        and not scope["query_string"]
        and len(headers) <= MOST_HEADERS
        and any(name == b"content-type" and value == b"application/json" for name, value in headers)
    )


def _answer(event: Mapping[str, Any], body: str | bytes) -> bytes | None:
    """The answer's body; None for whatever has to be refused or explained."""
    try:
        body = body.encode() if isinstance(body, str) else body
        caller = caller_of(event)
        caller.require("predict")
        if len(body) > MOST_BODY_BYTES:
            return None
        model = service().model()
        columns = to_columns([_PASSENGER.validate_json(body)])
        origin = Origin(caller.key_id, str(event["requestContext"].get("requestId", "")))
        scored = predict(columns, model, origin, logged_share=service().settings.logged_share)
        return one_as_json(scored, model)
    except Exception:
        # Even for a mistake of ours: the long way meets it too, logs it and answers in the envelope.
        return None


def _again(first: Message, receive: Receive) -> Receive:
    """`receive`, with the message that was taken from it put back."""
    waiting = [first]

    async def received() -> Message:
        return waiting.pop() if waiting else await receive()

    return received
