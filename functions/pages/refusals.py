"""What the pages' function refuses, in the envelope of the whole API: see `functions.core.http.refusals`."""

import json
from typing import Any

from functions.core.http.limits import ANSWER_HEADERS

HEADERS = {name.decode(): value.decode() for name, value in ANSWER_HEADERS}
"""What every answer of this function has, but where it says otherwise."""


def refuse(
    event: dict[str, Any],
    status: int,
    code: str,
    error: str,
    detail: list[dict[str, Any]] | None = None,
    **headers: str,
) -> dict[str, Any]:
    """The gateway's answer to an event that is refused. headers: more of the answer's, by their names."""
    envelope = {
        "error": error,
        "code": code,
        "detail": detail or [],
        "request_id": str((event.get("requestContext") or {}).get("requestId") or ""),
    }
    return {
        "statusCode": status,
        "headers": {**HEADERS, "content-type": "application/json", **headers},
        # ASCII: a path may hold a lone surrogate, which UTF-8 cannot.
        "body": json.dumps(envelope),
    }
