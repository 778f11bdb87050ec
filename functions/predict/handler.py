"""POST /predict and its relatives: the Lambda entry point."""

from functools import lru_cache
from typing import Any

from functions.predict.lane import answer_event, application
from functions.predict.snapshot import register_hooks


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer an HTTP API event (payload format 2.0): a plain POST /predict at once, the others by the app."""
    return answer_event(event) or _adapter()(event, context)


@lru_cache(maxsize=1)
def _adapter() -> Any:
    """Mangum around all routes. Only who needs it waits for its import, and for asyncio's."""
    from mangum import Mangum

    return Mangum(application, lifespan="off")


register_hooks()
