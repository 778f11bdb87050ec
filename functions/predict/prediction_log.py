"""One JSON line per scored row on standard output: what monitoring, feedback and replay go by. And one per
request with passengers who were refused because they do not fit, for the monitor to count.

In the cloud a log subscription ships the lines to `predictions/` in the store, on a laptop the local runner
does. Nothing is called and nothing is waited for here. Lambda sends a line that is JSON to its log as it is,
with the time that stands in it:
https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
"""

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from itertools import compress
from typing import Any

from pydantic_core import to_json

from functions.core.base.ids import new_ids
from functions.core.base.logs import log
from functions.core.schema.columns import Columns
from functions.core.schema.passenger import FEATURES, Passenger

MESSAGE = "prediction"
REFUSAL = "refusal"
# Stands for whatever is no field of a passenger.
OTHER = "other"
_SHARES = 1 << 24
# Rows that are written at once: all that they are made into on the way stays in the processor's cache.
_BLOCK = 500
_FEATURES = ",".join(f'"{name}":%s' for name in FEATURES)
_ROW = f',"prediction_id":"%s","probability":%s,"features":{{{_FEATURES}}}}}\n'


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

    A number is written with as many digits as its float32 needs to come back to the last bit. Where standard
    output is closed or broken nothing is raised: the answer is more important.
    """
    if not prediction_ids:
        return
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    request = {
        "timestamp": now,
        "level": "INFO",
        "message": MESSAGE,
        "version": version,
        "key_id": key_id,
        "request_id": request_id,
    }
    line = to_json(request).decode()[:-1].replace("%", "%%") + _ROW
    table: list[Sequence[Any]] = [
        prediction_ids,
        probabilities,
        *(columns[name].ravel().tolist() for name in FEATURES),
    ]
    if share < 1:
        kept = [_chosen(one, share) for one in prediction_ids]
        table = [list(compress(column, kept)) for column in table]
    count = len(table[0])
    try:
        for at in range(0, count, _BLOCK):
            block = table if count <= _BLOCK else [column[at : at + _BLOCK] for column in table]
            # Whole lines in one write: those of several requests do not mix.
            sys.stdout.write(_lines(line, block))
        sys.stdout.flush()
    except (OSError, ValueError):
        # There is nobody left to tell.
        pass


def _lines(line: str, table: Sequence[Sequence[Any]]) -> str:
    """`line` for each row, with its values for the %s in it: all numbers become text in one go."""
    ids, *rest = table
    # Nothing in it needs escaping: a word is a category, "" where it is missing.
    text = to_json(rest, inf_nan_mode="null").decode().replace('""', "null")
    values = [column.split(",") for column in text[2:-2].split("],[")]
    return "".join([line % row for row in zip(ids, *values, strict=True)])


def write_refusal(rows: int, fields: Iterable[str], *, share: float, key_id: str, request_id: str) -> None:
    """Write a line for a share (0 to 1) of the requests in which `rows` passengers did not fit.

    fields: the one at fault of each fault, by whatever name was sent. A name that is no field's is not
    written, nor is any value: both are the sender's to choose. Nothing is raised, as with `write_log`.
    """
    [id_] = new_ids(1)
    if _chosen(id_, share):
        at_fault = Counter(name if name in Passenger.model_fields else OTHER for name in fields)
        with suppress(OSError, ValueError):
            log(
                "INFO",
                REFUSAL,
                refusal_id=id_,
                key_id=key_id,
                request_id=request_id,
                rows=rows,
                fields=at_fault,
            )


def _chosen(id_: str, share: float) -> bool:
    """By the random bits of the id, so that whoever knows the id and the share knows whether it is there."""
    return int(id_[-6:], 16) < share * _SHARES
