"""One JSON line on standard output per thing worth knowing."""

import json
import sys
from datetime import UTC, datetime

from functions.core.base.tracing import trace_fields


def log(level: str, message: str, **fields: object) -> None:
    """Write `fields` with `level` (INFO, WARNING, ERROR) and `message`, named as in Lambda's JSON logs.

    Beside them stands the trace of the request at hand, if it has one.
    """
    line = {
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "level": level,
        "message": message,
    }
    # One write, so that lines of several threads do not mix.
    sys.stdout.write(json.dumps({**line, **trace_fields(), **fields}, default=str) + "\n")
    sys.stdout.flush()
