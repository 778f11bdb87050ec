"""POST /predict and its relatives: the Lambda entry point."""

from functools import lru_cache
from typing import Any

from functions.core.base.tracing import follow_trace
from functions.predict.fast_path import answer_event
from functions.predict.snapshot import register_hooks
from functions.predict.timing import begin


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer an HTTP API event (payload format 2.0): a plain POST /predict at once, the others by the app."""
    begin()
    follow_trace(event)
    return answer_event(event) or full_app()(event, context)


@lru_cache(maxsize=1)
def full_app() -> Any:
    """All routes behind Mangum. They take long to import: only a request that needs them waits for them."""
    from functions.core.http.lambda_entry import lambda_handler
    from functions.predict.app import app

    return lambda_handler(app)


register_hooks(full_app)
