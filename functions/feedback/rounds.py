"""Labelling rounds: lists of predictions that are drawn once and do not change any more.

A round is one object, written once. It holds the predictions themselves, so that it can be worked on however
long the prediction log has become.
"""

import re
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field, StringConstraints, ValidationError

from functions.core.base.errors import InvalidInput, NotFound
from functions.core.base.ids import new_ids, time_of
from functions.core.base.records import Record
from functions.core.predictions.labels import PREFIX
from functions.core.predictions.records import PredictionRecord
from functions.core.storage.contract import Store
from functions.feedback.sampling import Choice, choose
from functions.feedback.selection import Filters, Selection

MAX_PREDICTIONS = 1_000
ID = r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"
_FOLDER = f"{PREFIX}rounds/"


class RoundRequest(Filters):
    """Which predictions a round is drawn from, and how many are drawn."""

    size: int = Field(ge=1, le=MAX_PREDICTIONS)
    note: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] = Field(
        "", examples=["how good is it for those who are new?"]
    )


class Round(Record):
    """A round. `population` is how many predictions it was drawn from, labelled ones among them."""

    id: str
    created_at: datetime
    by: str
    note: str
    selection: dict[str, Any]
    population: int
    choices: list[Choice]

    @property
    def records(self) -> list[PredictionRecord]:
        return [choice.record for choice in self.choices]

    def choose(self, free: Collection[PredictionRecord], size: int, _start: int) -> list[Choice]:
        """Up to `size` of those that are free, in the order of the round."""
        ids = {record.prediction_id for record in free}
        return [choice for choice in self.choices if choice.record.prediction_id in ids][:size]


class ListedRound(BaseModel):
    id: str
    created_at: datetime


def create(
    store: Store,
    selection: Selection[RoundRequest],
    records: Sequence[PredictionRecord],
    *,
    by: str,
    now: datetime,
    share: float,
) -> Round:
    """Draw a round of as many as asked for from `records`, which were selected, and keep it.

    share: of the round, that is drawn at random. Raises `InvalidInput` when there are no records.
    """
    if not records:
        raise InvalidInput(
            "there is no prediction to draw a round from: ask for another time, or filter less"
        )
    [id_] = new_ids(1)
    request = selection.query
    drawn = Round(
        id=id_,
        created_at=now,
        by=by,
        note=request.note,
        selection=selection.described(now),
        population=len(records),
        # The id for salt: another round of the same predictions draws others.
        choices=choose(records, request.size, share=share, salt=id_),
    )
    store.create(f"{_FOLDER}{id_}.json", drawn.model_dump_json().encode())
    return drawn


def read_round(store: Store, id_: str) -> Round:
    """Raises `NotFound` when there is no such round, or its record is damaged."""
    try:
        return Round.model_validate_json(store.get(f"{_FOLDER}{id_}.json").body)
    except NotFound as error:
        raise NotFound("there is no such round; GET /feedback/rounds lists them") from error
    except ValidationError as error:
        raise NotFound("the record of this round is damaged; draw another") from error


def list_rounds(store: Store) -> list[ListedRound]:
    """All rounds, newest first."""
    ids = [entry.key.removeprefix(_FOLDER).removesuffix(".json") for entry in store.list(_FOLDER)]
    return [
        ListedRound(id=id_, created_at=time_of(id_))
        for id_ in sorted(ids, reverse=True)
        # What is no round was put there by hand.
        if re.fullmatch(ID, id_)
    ]
