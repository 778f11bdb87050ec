"""One JSON line per scored row on standard output: what monitoring, feedback and replay go by. And one per
request with rows that were refused because they do not fit, for the monitor to count.

In the cloud a log subscription ships the lines to `predictions/` in the store, on a laptop the local runner
does. Nothing is called and nothing is waited for here. Lambda sends a line that is JSON to its log as it is,
with the time that stands in it:
https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
"""

import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from itertools import compress
from typing import Any

import orjson

from functions.core.base.ids import new_ids
from functions.core.base.logs import log
from functions.core.base.tracing import current_trace
from functions.core.schema.columns import Columns
from functions.core.schema.schema import Schema

MESSAGE = "prediction"
REFUSAL = "refusal"
# Stands for whatever is no field of a row.
OTHER = "other"
_SHARES = 1 << 24
# Rows that are written at once: all that they are made into on the way stays in the processor's cache.
_BLOCK = 500


class PredictionLog:
    """Writes the lines of one version. A number has as many digits as its float32 needs to come back."""

    def __init__(self, schema: Schema, model: str, version: str) -> None:
        self._numbers = [field.name for field in schema.features if field.words is None]
        # What each category is in JSON; "" is missing.
        self._words = {
            field.name: {"": "null"} | {word: _text(word) for word in field.words}
            for field in schema.features
            if field.words is not None
        }
        names = [*self._numbers, *self._words]
        features = ",".join(f"{_plain(name)}:%s" for name in names)
        self._about = (
            f'"level":"INFO","message":"{MESSAGE}","model":{_plain(model)},"version":{_plain(version)}'
        )
        self._row = f',"prediction_id":"%s","probability":%s,"features":{{{features}}}}}\n'

    def write(
        self,
        columns: Columns,
        prediction_ids: Sequence[str],
        probabilities: Sequence[float],
        references: Sequence[str | None] | None = None,
        *,
        share: float,
        key_id: str,
        request_id: str,
        took_ms: float | None = None,
    ) -> None:
        """Write a line for a share (0 to 1) of the rows: the features as the graph was given them.

        references: the caller's own words for each row, where any has some. took_ms: how long the request has
        been worked on; left out where that is not known.
        Where standard output is closed or broken nothing is raised: the answer is more important.
        """
        if not prediction_ids:
            return
        took = "" if took_ms is None else f',"took_ms":{took_ms:.2f}'
        trace = current_trace()
        asked = f'"key_id":{_plain_key(key_id)},"request_id":{_plain(request_id)}{took}'
        if trace:
            asked += trace.in_log
        about = f'{{"timestamp":"{_now()}",{self._about},{asked}'
        numbers: Sequence[Sequence[Any]] = [
            probabilities,
            *(columns[name].ravel().tolist() for name in self._numbers),
        ]
        words: Sequence[Sequence[Any]] = [columns[name].ravel().tolist() for name in self._words]
        if share < 1:
            kept = [_is_chosen(id_, share) for id_ in prediction_ids]
            prediction_ids = list(compress(prediction_ids, kept))
            numbers, words = ([list(compress(column, kept)) for column in part] for part in (numbers, words))
            references = references and list(compress(references, kept))
        try:
            for start in range(0, len(prediction_ids), _BLOCK):
                block = slice(start, start + _BLOCK)
                # Whole lines in one write: those of several requests do not mix.
                sys.stdout.write(self._lines(about, prediction_ids[block], numbers, words, references, block))
            sys.stdout.flush()
        except (OSError, ValueError):
            # There is nobody left to tell.
            pass

    def _lines(
        self,
        about: str,
        ids: Sequence[str],
        numbers: Sequence[Sequence[Any]],
        words: Sequence[Sequence[Any]],
        references: Sequence[str | None] | None,
        block: slice,
    ) -> str:
        """`about` and the row, for each row, with its values for the %s in it: all numbers become text in one
        go."""
        # NaN becomes null.
        text = orjson.dumps([column[block] for column in numbers]).decode()
        values = [column.split(",") for column in text[2:-2].split("],[")]
        values += [
            [known[word] for word in column[block]]
            for known, column in zip(self._words.values(), words, strict=True)
        ]
        line = f"{about}{self._row}"
        if references:
            line = f'{about},"reference":%s{self._row}'
            ids_and_more: Iterable[Sequence[str]] = (
                [orjson.dumps(reference).decode() for reference in references[block]],
                ids,
            )
        else:
            ids_and_more = (ids,)
        return "".join([line % row for row in zip(*ids_and_more, *values, strict=True)])


def write_refusal(
    schema: Schema | None,
    model: str,
    rows: int,
    fields: Iterable[str],
    *,
    share: float,
    key_id: str,
    request_id: str,
) -> None:
    """Write a line for a share (0 to 1) of the requests in which rows did not fit.

    fields: the one at fault of each fault, by whatever name was sent. A name that is no field's is not
    written, nor is any value: both are the sender's to choose. Nothing is raised, as with `PredictionLog`.
    """
    [id_] = new_ids(1)
    if _is_chosen(id_, share):
        known = {*schema.names, *schema.sources} if schema else set()
        at_fault = Counter(name if name in known else OTHER for name in fields)
        with suppress(OSError, ValueError):
            log(
                "INFO",
                REFUSAL,
                refusal_id=id_,
                model=model,
                key_id=key_id,
                request_id=request_id,
                rows=rows,
                fields=at_fault,
            )


def _text(value: str) -> str:
    return orjson.dumps(value).decode()


def _now() -> str:
    """The time in UTC, to the millisecond: `2026-11-27T22:08:08.123+00:00`."""
    second, nanoseconds = divmod(time.time_ns(), 1_000_000_000)
    return f"{_second(second)}.{nanoseconds // 1_000_000:03d}+00:00"


@lru_cache(maxsize=1)
def _second(since_1970: int) -> str:
    return datetime.fromtimestamp(since_1970, UTC).isoformat()[:19]


def _plain(value: str) -> str:
    """A JSON string in a line that is still to be filled in."""
    return _text(value).replace("%", "%%")


# The ids of keys: a caller's comes with each of their requests.
_plain_key = lru_cache(maxsize=64)(_plain)


def _is_chosen(id_: str, share: float) -> bool:
    """By the random bits of the id, so that whoever knows the id and the share knows whether it is there."""
    return int(id_[-6:], 16) < share * _SHARES
