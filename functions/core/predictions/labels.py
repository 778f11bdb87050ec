"""Outcomes that were reported: what a label is, where it lies, and which of several counts.

Every label is an object of its own, written once:

    feedback/dt=YYYY-MM-DD/{prediction id}/{number}-{0 or 1}-{source}~{key id}~vouched.json

`dt` is the day (UTC) of the prediction, so labels stand beside the predictions they are of. Numbers run from
1 for each prediction. All of that stands in the name, so that listing a day reads its labels; what the object
holds besides is for the day somebody asks in which request it was said.

A source is what a key says of itself, the key is what was checked: who labels is told by the key. A label is
vouched for, and its name says so, when the key had the scope `admin`: such a key may promote whatever it
likes, so its word is taken for the rows that a model is judged by. Of the labels of a prediction the one with
the highest number counts, but no label takes the place of one that is vouched for, unless it is itself.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from urllib.parse import quote, unquote

from functions.core.base.errors import Conflict
from functions.core.base.ids import time_of
from functions.core.base.records import Record
from functions.core.storage.contract import Entry, Store

PREFIX = "feedback/"
# A source becomes part of a key of the store, and a cell of a CSV.
SOURCE = r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$"
# The key is not in the names that earlier releases wrote.
_NAME = re.compile(
    r"(?P<id>[0-9a-f-]{36})/(?P<number>[0-9]{6,})-(?P<outcome>[01])-(?P<source>[^/~]+)"
    r"(~(?P<key>[^/~]*)(?P<vouched>~vouched)?)?\.json"
)


@dataclass(frozen=True, slots=True)
class Label:
    """What a source said of a prediction. `number` orders the labels of one prediction, from 1.

    key_id: of the key that it was reported with; "" where that is not known. vouched: whether that key had
    the scope `admin`.
    """

    prediction_id: str
    number: int
    outcome: bool
    source: str
    labelled_at: datetime
    key_id: str = ""
    vouched: bool = False

    @property
    def key(self) -> str:
        said = f"{self.number:06}-{self.outcome:d}-{self.source}"
        # `quote` leaves a tilde as it is, which here parts the name.
        by = quote(self.key_id, safe="").replace("~", "%7E")
        return f"{folder(self.prediction_id)}{said}~{by}{'~vouched' if self.vouched else ''}.json"


class LabelRecord(Record):
    """What the object of a label holds: the label, the key it was reported with, and in which request."""

    prediction_id: str
    outcome: bool
    source: str
    labelled_at: datetime
    key_id: str
    request_id: str
    vouched: bool = False


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
    source: str,
    key_id: str,
    request_id: str,
    vouched: bool = False,
) -> tuple[Label, bool]:
    """Keep what `source` says of a prediction. Returns the label and whether it is new.

    vouched: as in `Label`. What a source said last, it need not say again: that is no new label, unless it is
    the first that is vouched for. Of two labels written in the same moment none is lost; either of them may
    count, but it stays the same one.
    """
    earlier = _by_prediction(store.list(folder(prediction_id))).get(prediction_id, [])
    own = [label for label in earlier if (label.source, label.vouched) == (source, vouched)]
    if own and own[-1].outcome == outcome:
        return own[-1], False
    number = 1 + max((label.number for label in earlier), default=0)
    label = Label(prediction_id, number, outcome, source, datetime.now(UTC), key_id, vouched)
    body = LabelRecord(
        prediction_id=prediction_id,
        outcome=outcome,
        source=source,
        labelled_at=label.labelled_at,
        key_id=key_id,
        request_id=request_id,
        vouched=vouched,
    )
    try:
        store.create(label.key, body.model_dump_json().encode())
    except Conflict:
        # The same source has said the same in the same moment.
        return label, False
    return label, True


def read_labels(store: Store, days: Iterable[date]) -> dict[str, list[Label]]:
    """The labels of the predictions made on `days` (UTC), by prediction id; the last of each list counts."""
    labels_of: dict[str, list[Label]] = {}
    for day in sorted(set(days)):
        labels_of |= _by_prediction(store.list(f"{PREFIX}dt={day}/"))
    return labels_of


def _by_prediction(entries: Iterable[Entry]) -> dict[str, list[Label]]:
    labels_of: dict[str, list[Label]] = {}
    for entry in entries:
        # What is no label was put there by hand, and is passed over.
        if name := _NAME.fullmatch(entry.key.partition("/dt=")[2][11:]):
            label = Label(
                name["id"],
                int(name["number"]),
                name["outcome"] == "1",
                name["source"],
                entry.modified,
                unquote(name["key"] or ""),
                name["vouched"] is not None,
            )
            labels_of.setdefault(label.prediction_id, []).append(label)
    return {id_: _in_order(labels) for id_, labels in labels_of.items()}


def _in_order(labels: list[Label]) -> list[Label]:
    """Oldest first, those that are vouched for behind all others, without repeats: the last one counts.

    A source that repeats itself at the very moment another one writes gets a second number for one label.
    """
    said: dict[tuple[str, bool], bool] = {}
    kept = []
    for label in sorted(labels, key=_rank):
        if said.get((label.source, label.vouched)) is not label.outcome:
            said[label.source, label.vouched] = label.outcome
            kept.append(label)
    return kept


def _rank(label: Label) -> tuple[bool, int, datetime, str, bool]:
    return label.vouched, label.number, label.labelled_at, label.source, label.outcome
