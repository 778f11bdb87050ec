"""One JSON line per scored row on standard output: what monitoring, feedback and replay go by.

In the cloud a log subscription ships the lines to `predictions/` in the store, on a laptop the local runner
does. Nothing is called and nothing is waited for here. Lambda sends a line that is JSON to its log as it is,
with the time that stands in it:
https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
"""

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from functions.core.columns import Columns, Tensor
from functions.core.passenger import FEATURES

MESSAGE = "prediction"
_SHARES = 1 << 24
_FEATURES = ",".join(f'"{name}":%s' for name in FEATURES)
_ROW = f'"prediction_id":"%s","probability":%r,"features":{{{_FEATURES}}}}}\n'
_quoted = json.JSONEncoder().encode


def write_log(
    columns: Columns,
    prediction_ids: Sequence[str],
    probabilities: Sequence[float],
    *,
    share: float,
    version: str,
    key_id: str,
    request_id: str,
) -> None:
    """Write a line for a share (0 to 1) of the rows: the features as the graph was given them, no name.

    A number is written as Python's `repr` has it, from which its float32 comes back to the last bit. Where
    standard output is closed or broken nothing is raised: the answer is more important.
    """
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    head = (
        f'{{"timestamp":"{now}","level":"INFO","message":"{MESSAGE}","version":{_quoted(version)},'
        f'"key_id":{_quoted(key_id)},"request_id":{_quoted(request_id)},'
    )
    line = head.replace("%", "%%") + _ROW
    tensors = (columns[name] for name in FEATURES)
    rows = zip(prediction_ids, probabilities, *map(_as_json, tensors), strict=True)
    kept = rows if share >= 1 else (row for row in rows if _chosen(row[0], share))
    try:
        # One write: lines of several requests do not mix.
        sys.stdout.write("".join([line % row for row in kept]))
        sys.stdout.flush()
    except (OSError, ValueError):
        # There is nobody left to tell.
        pass


def _as_json(tensor: Tensor) -> list[str]:
    values = tensor[:, 0].tolist()
    if tensor.dtype == object:
        # Categories are words without quotes or backslashes.
        return [f'"{value}"' if value else "null" for value in values]
    return [repr(value) if value == value else "null" for value in values]


def _chosen(prediction_id: str, share: float) -> bool:
    """By the random bits of the id, so that whoever knows the id and the share knows whether it is there."""
    return int(prediction_id[-6:], 16) < share * _SHARES
