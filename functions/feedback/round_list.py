"""The rounds of a model: what each is for, whose it is, and how far it has come."""

import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime

from pydantic import BaseModel, Field

from functions.core.base.errors import NotFound, UnusableRecord
from functions.core.base.ids import time_of
from functions.core.predictions.labels import Label, read_labels
from functions.core.storage.view import ModelStore
from functions.feedback.rounds import FOLDER, ID, Locked, Round, read_round

# A round of 1,000 has half a megabyte, and is parsed in 30 ms; so much stands in half a minute's answer.
MAX_LISTED = 100
_AT_ONCE = 8


class ListedRound(BaseModel):
    """A round without its predictions. What could not be read has an `error`, and nothing else."""

    id: str
    created_at: datetime
    by: str | None = Field(None, description="Who drew it")
    note: str = ""
    size: int = Field(0, description="Rows, each of which is in it once")
    labelled: int = Field(0, description="Of these, by anybody of the team")
    complete: int = Field(0, description="Of these, by as many members as are wanted")
    team: list[str] = Field([], description="Who may label in it; empty: all who have the scope")
    wanted: int = Field(1, description="How many members are to label each row")
    locked: Locked | None = None
    error: str | None = None


def list_rounds(store: ModelStore, *, limit: int, after: str | None) -> tuple[list[ListedRound], str | None]:
    """Up to `limit` rounds, newest first, from the one behind `after` on; and the `after` of those behind
    them, if there are any."""
    names = [entry.key.removeprefix(FOLDER).removesuffix(".json") for entry in store.list(FOLDER)]
    # What is no round was put there by hand, or is the lock of one.
    ids = sorted((id_ for id_ in names if re.fullmatch(ID, id_) and (not after or id_ < after)), reverse=True)
    page = ids[:limit]
    with ThreadPoolExecutor(_AT_ONCE) as readers:
        rounds = list(readers.map(lambda id_: _read(store, id_), page))
        days = sorted({day for round_ in rounds if isinstance(round_, Round) for day in round_.selected.days})
        labels: dict[str, list[Label]] = {}
        for of_day in readers.map(lambda day: _labels_of(store, day), days):
            labels |= of_day
    listed = [_listed(id_, round_, labels) for id_, round_ in zip(page, rounds, strict=True)]
    return listed, page[-1] if len(ids) > len(page) else None


def _read(store: ModelStore, id_: str) -> Round | str:
    """The round, or why it cannot be read."""
    try:
        return read_round(store, id_)
    except (NotFound, UnusableRecord) as error:
        return str(error)


def _labels_of(store: ModelStore, day: date) -> dict[str, list[Label]]:
    return read_labels(store, [day])


def _listed(id_: str, drawn: Round | str, labels: Mapping[str, Sequence[Label]]) -> ListedRound:
    if isinstance(drawn, str):
        return ListedRound(id=id_, created_at=time_of(id_), error=drawn)
    heard = drawn.heard(labels)
    keys = [
        {label.key_id for label in heard.get(choice.record.prediction_id, ())} for choice in drawn.choices
    ]
    return ListedRound(
        id=id_,
        created_at=drawn.created_at,
        by=drawn.by,
        note=drawn.note,
        size=len(drawn.choices),
        labelled=sum(map(bool, keys)),
        complete=sum(len(of_row) >= drawn.wanted for of_row in keys),
        team=drawn.team,
        wanted=drawn.wanted,
        locked=drawn.locked,
    )
