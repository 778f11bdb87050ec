"""One JSON line on standard output per thing worth knowing."""

import json
import sys
from datetime import UTC, datetime


def log(level: str, message: str, **fields: object) -> None:
    """Write `fields` with `level` (INFO, WARNING, ERROR) and `message`, named as in Lambda's JSON logs."""
    line = {
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "level": level,
        "message": message,
    }
    # One write, so that lines of several threads do not mix.
    sys.stdout.write(json.dumps({**line, **fields}, default=str) + "\n")
    sys.stdout.flush()
