"""The one way from an API Gateway event to an application and back: Mangum, and what it must not be given."""

import json
from collections.abc import Callable
from typing import Any

from mangum import Mangum
from mangum.types import ASGI
from starlette.requests import Request

from functions.core.base.logs import log
from functions.core.base.tracing import follow_trace
from functions.core.http import refusals
from functions.core.http.gateway import readable
from functions.core.http.limits import ANSWER_HEADERS, MAX_ANSWER_BYTES

Handler = Callable[[dict[str, Any], Any], dict[str, Any]]


def lambda_handler(app: ASGI) -> Handler:
    """A Lambda handler that has `app` answer HTTP API events (payload format 2.0).

    The trace of a request is in its log lines and in its answer.
    """
    # Mangum would run the application's lifespan with every event.
    over_http = Mangum(app, lifespan="off")

    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        trace = follow_trace(event)
        answer: dict[str, Any] = over_http(readable(event), context)
        if _is_too_large(answer):
            answer = _refuse_answer(event, answer)
        if trace:
            answer["headers"]["traceparent"] = trace.header
        return answer

    return handler


def _is_too_large(answer: dict[str, Any]) -> bool:
    # In JSON a character takes six bytes at most: what is far below the limit is not counted.
    if len(answer["body"]) < MAX_ANSWER_BYTES // 8:
        return False
    return len(json.dumps(answer, ensure_ascii=False).encode(errors="surrogatepass")) > MAX_ANSWER_BYTES


def _refuse_answer(event: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    """What is answered in place of what Lambda would not hand over: a 500 that says nothing of what to do."""
    request = Request({"type": "http", "aws.event": event})
    log("WARNING", "an answer is too large", route=refusals.route(request), characters=len(answer["body"]))
    cure = "ask for less at once, such as fewer rows or columns"
    if "content-encoding" not in answer["headers"]:
        cure += ", or have it compressed: send the header accept-encoding: gzip"
    refusal = refusals.envelope(
        request,
        413,
        "ANSWER_TOO_LARGE",
        f"the answer would be larger than {MAX_ANSWER_BYTES:,} bytes, the most that one may have; {cure}",
    )
    headers = {"content-type": "application/json"}
    headers |= {name.decode(): value.decode() for name, value in ANSWER_HEADERS}
    return {
        "statusCode": refusal.status_code,
        "headers": headers,
        "body": bytes(refusal.body).decode(),
        "isBase64Encoded": False,
    }
