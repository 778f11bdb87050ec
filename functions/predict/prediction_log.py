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
from itertools import chain, compress, repeat

from pydantic_core import to_json

from functions.core.columns import Columns
from functions.core.ids import new_ids
from functions.core.logs import log
from functions.core.passenger import FEATURES, Passenger

MESSAGE = "prediction"
REFUSAL = "refusal"
# Stands for whatever is no field of a passenger.
OTHER = "other"
_SHARES = 1 << 24
# What stands before, between and after the values of a line.
_FEATURES = ",".join(f'"{name}":%s' for name in FEATURES)
_FIRST, *_LABELS = f',"prediction_id":"%s","probability":%s,"features":{{{_FEATURES}}}}}\n'.split("%s")


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
    head = to_json(
        {"timestamp": now, "level": "INFO", "message": MESSAGE, "version": version, "key_id": key_id}
        | {"request_id": request_id}
    ).decode()
    table = [probabilities, *(columns[name].ravel().tolist() for name in FEATURES)]
    # Nothing in it needs escaping: a word is a category, "" where it is missing.
    text = to_json(table, inf_nan_mode="null").decode().replace('""', "null")
    values = [prediction_ids, *(column.split(",") for column in text[2:-2].split("],["))]
    if share < 1:
        kept = [_chosen(one, share) for one in prediction_ids]
        values = [list(compress(column, kept)) for column in values]
    # Put together column by column: to fill in ten thousand lines one by one takes three times as long.
    count = len(values[0])
    parts: list[Iterable[str]] = [repeat(head[:-1] + _FIRST, count)]
    for column, label in zip(values, _LABELS, strict=True):
        parts += [column, repeat(label, count)]
    try:
        # One write: lines of several requests do not mix.
        sys.stdout.write("".join(chain.from_iterable(zip(*parts, strict=True))))
        sys.stdout.flush()
    except (OSError, ValueError):
        # There is nobody left to tell.
        pass


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
