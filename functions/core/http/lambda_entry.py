"""The one way from an API Gateway event to an application and back: Mangum, and what it must not be given."""

from collections.abc import Callable
from typing import Any

from mangum import Mangum
from mangum.types import ASGI

from functions.core.base.tracing import follow_trace
from functions.core.http.gateway import readable

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
        if trace:
            answer["headers"]["traceparent"] = trace.header
        return answer

    return handler
