"""Which objects of the prediction log no run has read yet."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta

from pydantic import Field

from functions.core.base.records import Moment, Record
from functions.core.predictions.records import folder
from functions.core.storage.contract import Entry

# Firehose tries for a day to write an object, into the folder of the hour in which its first line arrived.
LATE = timedelta(days=1)
# What is read at once. What is left is read after that has been counted, so that no run has to start over.
# For each part, every model has its state and a report written: of ten million predictions a day, an hour is
# half a part. The ids of a part are held in memory, so that none counts twice.
MAX_BYTES = 384 * 2**20


class Position(Record):
    """How far the log was read: all of the hours before `since`, and of later ones the objects `read`.

    A listing's order is no order of time: an object may appear among those that were read long ago. So what
    was read is remembered by name, for as long as something may still come late.
    """

    since: Moment
    read: list[str] = Field([])


def initial_position(now: datetime) -> Position:
    """Where the first run begins: what is older was logged when nobody watched."""
    return Position(since=_hour(now - LATE))


def list_unread(
    list_: Callable[[str], Iterable[Entry]], position: Position, now: datetime
) -> tuple[list[Entry], bool]:
    """The objects that are to be read next, oldest folder first, and whether there are more after those.

    list_: lists what lies below a prefix.
    """
    first, known = folder(position.since), set(position.read)
    unread: list[Entry] = []
    room = MAX_BYTES
    day = position.since.astimezone(UTC).date()
    # A clock may be fast, here or there.
    while day <= (now + timedelta(hours=1)).astimezone(UTC).date():
        for entry in list_(f"predictions/dt={day}/"):
            if entry.key >= first and entry.key not in known:
                room -= entry.size
                if unread and room < 0:
                    return unread, True
                unread.append(entry)
        day += timedelta(days=1)
    return unread, False


def advance(position: Position, entries: Sequence[Entry], now: datetime, *, more: bool) -> Position:
    """The position after `entries` have been read as well; `more`: others of that time have not."""
    since = position.since if more else max(position.since, _hour(now - LATE))
    read = {*position.read, *(entry.key for entry in entries)}
    return Position(since=since, read=sorted(key for key in read if key >= folder(since)))


def _hour(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
