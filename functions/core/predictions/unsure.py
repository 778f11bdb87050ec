"""Who was asked what happened, and does not know: no label, and kept so that nobody is asked twice.

Each is an object of its own, written once:

    feedback/unsure/dt=YYYY-MM-DD/{prediction id}/{key id}~{name}.json

It takes back nothing that was said of the prediction, and whoever learns of it later may label it.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime

from pydantic import Field

from functions.core.base.errors import Conflict
from functions.core.base.ids import PATTERN
from functions.core.base.logs import log
from functions.core.base.records import Moment, Record
from functions.core.predictions.labels import PREFIX, SOURCE, day_of, list_days, source_of
from functions.core.storage.contract import Store

_FOLDER = f"{PREFIX}unsure/"
_NAME = re.compile(
    rf"(?P<day>[0-9-]{{10}})/(?P<id>{PATTERN.strip('^$')})/(?P<key>[^/~]{{1,128}})(~{SOURCE.strip('^$')})?\.json"
)


class UnsureRecord(Record):
    """What the object holds: who does not know, since when, in which request they said so, and a note."""

    prediction_id: str = Field(pattern=PATTERN)
    source: str
    said_at: Moment
    key_id: str
    request_id: str
    note: str = ""


def record_unsure(
    store: Store,
    prediction_id: str,
    *,
    key_id: str,
    request_id: str,
    source: str | None = None,
    note: str = "",
) -> tuple[datetime, bool]:
    """Keep that a key, or a name below it, does not know. Returns when, and whether it is new."""
    said_by, now = source_of(key_id, source), datetime.now(UTC)
    body = UnsureRecord(
        prediction_id=prediction_id,
        source=said_by,
        said_at=now,
        key_id=key_id,
        request_id=request_id,
        note=note,
    )
    key = f"{_FOLDER}dt={day_of(prediction_id)}/{prediction_id}/{said_by.replace('/', '~')}.json"
    try:
        store.create(key, body.model_dump_json().encode())
    except Conflict:
        return now, False
    return now, True


def read_unsure(store: Store, days: Iterable[date]) -> Mapping[str, frozenset[str]]:
    """The ids of the keys that do not know, by prediction id, of the predictions made on `days` (UTC)."""
    keys_of: dict[str, frozenset[str]] = {}
    passed_over = 0
    for entries in list_days(store, _FOLDER, days):
        for entry in entries:
            name = _NAME.fullmatch(entry.key.partition("/dt=")[2])
            if name is None or name["day"] != str(day_of(name["id"])):
                passed_over += 1
                continue
            keys_of[name["id"]] = keys_of.get(name["id"], frozenset()) | {name["key"]}
    if passed_over:
        log("WARNING", "objects among the unsure are none; they are passed over", objects=passed_over)
    return keys_of
