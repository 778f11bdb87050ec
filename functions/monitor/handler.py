"""The hour of the schedule, POST /monitoring/run and its relatives: the Lambda entry point."""

from typing import Any

from functions.core.base.tracing import follow_trace
from functions.core.http.lambda_entry import lambda_handler
from functions.monitor.app import app
from functions.monitor.service import service

# Of the time of an invocation, for what is under way when a model's share has passed.
_RESERVED_SECONDS = 30.0

_over_http = lambda_handler(app)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    if event.get("source") == "aws.events":
        follow_trace({})
        left = context.get_remaining_time_in_millis() / 1000
        return service().run_on_schedule(seconds=left - _RESERVED_SECONDS)
    return _over_http(event, context)
