"""GET /datasets and its relatives: the Lambda entry point."""

from typing import Any

from mangum import Mangum

from functions.core.http.gateway import readable
from functions.datasets.app import app

_over_http = Mangum(app, lifespan="off")


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer an HTTP API event (payload format 2.0)."""
    return _over_http(readable(event), context)
