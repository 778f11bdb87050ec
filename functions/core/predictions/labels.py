"""Outcomes that were reported: what a label is, where it lies, and which of several counts.

Every label is an object of its own, written once:

    feedback/dt=YYYY-MM-DD/{prediction id}/{number}-{0 or 1}-{key id}~{name}~vouched~noted.json

`dt` is the day (UTC) of the prediction, so labels stand beside the predictions they are of. Numbers run from
1 for each prediction. All of that stands in the name, so that listing a day reads its labels; what the object
holds besides is for the day somebody asks in which request it was said, and a note, if it has one: then its
name says so.

Who says so is the key that the label was reported with. A name that the caller gives is kept below the key,
as `{key id}/{name}`, and is only a name: one key counts as one, however many names it uses. (Before names
stood below keys, a label was named by its source alone; such a one counts for itself.)

A label is vouched for, and its name says so, when the key had the scope `admin`: such a key may promote
whatever it likes, so its word is taken for the rows that a model is judged by. Of the labels of a prediction
the one with the highest number counts, but no label takes the place of one that is vouched for, unless it is
itself.

Who does not know is no label: that stands in `feedback/unsure/` (`core.predictions.unsure`).
"""

import re
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from pydantic import Field, ValidationError

from functions.core.base.errors import Conflict, NotFound
from functions.core.base.ids import PATTERN, time_of
from functions.core.base.logs import log
from functions.core.base.records import Moment, Record
from functions.core.storage.contract import Entry, Store

PREFIX = "feedback/"
# From so many days on.
_DAYS_TO_LIST_A_MONTH = 8
# A source becomes part of a key of the store, and a cell of a CSV.
SOURCE = r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$"
# A key's id is made by whoever issues keys. A label that is vouched for has a place for a name, be it empty.
_NAME = re.compile(
    rf"(?P<day>[0-9-]{{10}})/(?P<id>{PATTERN.strip('^$')})/(?P<number>[0-9]{{6,12}})-(?P<outcome>[01])-"
    rf"(?P<key>[^/~]{{1,128}})(~(?P<name>{SOURCE.strip('^$')})?(?P<vouched>~vouched)?(?P<noted>~noted)?)?\.json"
)


@dataclass(frozen=True, slots=True)
class Label:
    """What a source said of a prediction. `number` orders the labels of one prediction, from 1.

    source: the id of the key that said so, or `{key id}/{name}`, as `source_of` puts it. vouched: whether the
    key had the scope `admin`. noted: the number of the object of this label that holds a note; 0 for none.
    """

    prediction_id: str
    number: int
    outcome: bool
    source: str
    labelled_at: datetime
    vouched: bool = False
    noted: int = 0

    @property
    def key(self) -> str:
        """Where it lies in the store."""
        key_id, _, name = self.source.partition("/")
        name_of_label = f"{self.number:06}-{self.outcome:d}-{key_id}"
        if name or self.vouched or self.noted:
            name_of_label += f"~{name}{'~vouched' * self.vouched}{'~noted' * (self.noted == self.number)}"
        return f"{folder(self.prediction_id)}{name_of_label}.json"

    @property
    def key_id(self) -> str:
        """The id of the key that said so; of a label from before names stood below keys, its source."""
        return self.source.partition("/")[0]


def source_of(key_id: str, name: str | None) -> str:
    """Who says so: the key, and below it the name that its holder gives, if it is another."""
    return f"{key_id}/{name}" if name and name != key_id else key_id


class LabelRecord(Record):
    """What the object of a label holds: the label, the key it was reported with, and in which request."""

    prediction_id: str = Field(pattern=PATTERN)
    outcome: bool
    source: str
    labelled_at: Moment
    key_id: str
    request_id: str
    vouched: bool = False
    note: str = ""


def day_of(prediction_id: str) -> date:
    """The day (UTC) on which a prediction was made. Raises `ValueError` when it is no prediction id."""
    return time_of(prediction_id).date()


def folder(prediction_id: str) -> str:
    """The prefix of the labels of one prediction."""
    return f"{PREFIX}dt={day_of(prediction_id)}/{prediction_id}/"


def record(
    store: Store,
    prediction_id: str,
    *,
    outcome: bool,
    key_id: str,
    request_id: str,
    source: str | None = None,
    vouched: bool = False,
    note: str = "",
) -> tuple[Label, bool]:
    """Keep what a key says of a prediction. Returns the label and whether it is new.

    source: the name that the holder of the key gives, if any; it is kept below the key. vouched: as in
    `Label`. What a source said last, it need not say again: that is no new label, unless it is the first that
    is vouched for; with another note, the note is kept. Of two labels written in the same moment none is
    lost; either of them may count, but it stays the same one.
    """
    said_by = source_of(key_id, source)
    earlier = _by_prediction(store.list(folder(prediction_id))).get(prediction_id, [])
    own = [label for label in earlier if (label.source, label.vouched) == (said_by, vouched)]
    if own and own[-1].outcome == outcome and (not note or note == read_note(store, own[-1])):
        return own[-1], False
    number = 1 + max((max(label.number, label.noted) for label in earlier), default=0)
    noted = number if note else 0
    label = Label(prediction_id, number, outcome, said_by, datetime.now(UTC), vouched, noted)
    body = LabelRecord(
        prediction_id=prediction_id,
        outcome=outcome,
        source=said_by,
        labelled_at=label.labelled_at,
        key_id=key_id,
        request_id=request_id,
        vouched=vouched,
        note=note,
    )
    try:
        store.create(label.key, body.model_dump_json().encode())
    except Conflict:
        # The same source has said the same in the same moment.
        return label, False
    return label, True


def read_note(store: Store, label: Label) -> str:
    """The note of a label; empty where it has none, or its object cannot be read, which is logged."""
    if not label.noted:
        return ""
    key = replace(label, number=label.noted).key
    try:
        return LabelRecord.model_validate_json(store.get(key).body).note
    except (NotFound, ValidationError):
        log("WARNING", "the note of a label cannot be read; it is left out", key=key)
        return ""


def read_labels(store: Store, days: Iterable[date]) -> dict[str, list[Label]]:
    """The labels of the predictions made on `days` (UTC), by prediction id; the last of each list counts."""
    labels_of: dict[str, list[Label]] = {}
    for entries in list_days(store, PREFIX, days):
        labels_of |= _by_prediction(entries)
    return labels_of


def list_days(store: Store, prefix: str, days: Iterable[date]) -> Iterator[Iterator[Entry]]:
    """What lies below `{prefix}dt=YYYY-MM-DD/` of these days (UTC), in as few listings as that takes.

    Of many days in a month, all of the month is listed: a listing shows a thousand objects, and most days
    have none.
    """
    months: dict[str, set[str]] = {}
    for day in days:
        months.setdefault(f"{day:%Y-%m}", set()).add(f"{day}/")
    for month, wanted in sorted(months.items()):
        if len(wanted) < _DAYS_TO_LIST_A_MONTH:
            yield from (store.list(f"{prefix}dt={day}") for day in sorted(wanted))
        else:
            yield _of_days(store.list(f"{prefix}dt={month}-"), len(f"{prefix}dt="), wanted)


def _of_days(entries: Iterable[Entry], start: int, days: Set[str]) -> Iterator[Entry]:
    """Those whose day, which is a folder and begins at place `start` of their keys, is one of these."""
    return (entry for entry in entries if entry.key[start : start + 11] in days)


def _by_prediction(entries: Iterable[Entry]) -> dict[str, list[Label]]:
    labels_of: dict[str, list[Label]] = {}
    passed_over = 0
    for entry in entries:
        if label := _parse(entry):
            labels_of.setdefault(label.prediction_id, []).append(label)
        else:
            passed_over += 1
    if passed_over:
        log("WARNING", "objects among the labels are no labels; they are passed over", objects=passed_over)
    return {id_: _in_order(labels) for id_, labels in labels_of.items()}


def _parse(entry: Entry) -> Label | None:
    """The label that an object is by its name; None for what was put there by hand."""
    name = _NAME.fullmatch(entry.key.partition("/dt=")[2])
    # A label in the folder of another day would be found today, and not tomorrow.
    if name is None or name["day"] != str(day_of(name["id"])) or int(name["number"]) == 0:
        return None
    source = source_of(name["key"], name["name"])
    return Label(
        name["id"],
        int(name["number"]),
        name["outcome"] == "1",
        source,
        entry.modified,
        name["vouched"] is not None,
        int(name["number"]) if name["noted"] else 0,
    )


def _in_order(labels: list[Label]) -> list[Label]:
    """Oldest first, those that are vouched for behind all others, without repeats: the last one counts.

    A source that repeats itself at the very moment another one writes gets a second number for one label, and
    so does one that adds a note: it stands with the label that it is of.
    """
    places: dict[tuple[str, bool], int] = {}
    kept: list[Label] = []
    for label in sorted(labels, key=_rank):
        place = places.get((label.source, label.vouched))
        if place is None or kept[place].outcome is not label.outcome:
            places[label.source, label.vouched] = len(kept)
            kept.append(label)
        elif label.noted:
            kept[place] = replace(kept[place], noted=label.noted)
    return kept


def _rank(label: Label) -> tuple[bool, int, datetime, str, bool]:
    return label.vouched, label.number, label.labelled_at, label.source, label.outcome
