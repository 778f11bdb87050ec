"""Labelling rounds: lists of predictions that are drawn once and do not change any more.

A round is one object, written once. It holds the predictions themselves, so that it can be worked on however
long the prediction log has become. Equal rows are drawn once.
"""

import re
from collections.abc import Collection
from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, Field, StringConstraints, ValidationError, model_validator

from functions.core.base.errors import InvalidInput, NotFound, UnusableRecord
from functions.core.base.ids import new_ids, time_of
from functions.core.base.records import Count, Moment, Record, Some
from functions.core.predictions.labels import PREFIX
from functions.core.predictions.records import PredictionRecord
from functions.core.storage.view import ModelStore
from functions.feedback.log_object import Logged, row_number
from functions.feedback.rows import Row, rows_of
from functions.feedback.sampling import Reason, choose
from functions.feedback.selection import Filters, Found, Selection

MAX_PREDICTIONS = 1_000
ID = r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"
_FOLDER = f"{PREFIX}rounds/"


class RoundRequest(Filters):
    """Which predictions a round is drawn from, and how many are drawn."""

    size: int = Field(ge=1, le=MAX_PREDICTIONS)
    note: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] = Field(
        "", examples=["how good is it for those who are new?"]
    )


class Choice(Record):
    """A prediction, why it was chosen, and of how many equal ones it was the newest."""

    record: PredictionRecord
    chosen: Reason
    stands_for: Some = 1


_Asked = bool | float | str


class Round(Record):
    """A round. `population` is how many predictions it was drawn from, labelled ones among them; `rows` how
    many different rows these were, and `damaged_lines` what of the log could not be read."""

    id: str = Field(pattern=ID)
    created_at: Moment
    by: str
    note: str
    selection: dict[str, _Asked | list[_Asked]]
    population: Count
    rows: Count = 0
    damaged_lines: Count = 0
    choices: list[Choice] = Field(max_length=MAX_PREDICTIONS)

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        ids = {choice.record.prediction_id for choice in self.choices}
        if len(ids) < len(self.choices):
            raise ValueError("a prediction is in a round once")
        return self

    @property
    def found(self) -> Found:
        """The predictions of the round."""
        predictions = [
            Logged(
                choice.record.prediction_id,
                choice.record.probability,
                row_number(choice.record.features),
                self,
                index,
            )
            for index, choice in enumerate(self.choices)
        ]
        return Found(sorted(predictions, key=lambda prediction: prediction.prediction_id))

    def record(self, index: int) -> PredictionRecord:
        return self.choices[index].record

    def choose(self, free: Collection[Row], size: int, _start: int) -> list[tuple[Row, Reason]]:
        """Up to `size` of the rows that are free, in the order of the round."""
        rows = {row.prediction_id: row for row in free}
        chosen = [(choice.record.prediction_id, choice.chosen) for choice in self.choices]
        return [(rows[id_], reason) for id_, reason in chosen if id_ in rows][:size]


class ListedRound(BaseModel):
    id: str
    created_at: datetime


def create(
    store: ModelStore,
    selection: Selection[RoundRequest],
    found: Found,
    *,
    by: str,
    now: datetime,
    share: float,
) -> Round:
    """Draw a round of as many rows as asked for from what was selected, and keep it.

    share: of the round, that is drawn at random. Raises `InvalidInput` when there are no predictions.
    """
    if not found.predictions:
        raise InvalidInput(
            "there is no prediction to draw a round from: ask for another time, or filter less"
        )
    [id_] = new_ids(1)
    request = selection.query
    rows = rows_of(found.predictions, {})
    # The id for salt: another round of the same predictions draws others.
    chosen = choose(rows.values(), request.size, share=share, salt=id_)
    drawn = Round(
        id=id_,
        created_at=now,
        by=by,
        note=request.note,
        selection=selection.described(now),
        population=len(found.predictions),
        rows=len(rows),
        damaged_lines=found.damaged_lines,
        choices=[
            Choice(record=row.newest.record, chosen=reason, stands_for=row.predictions)
            for row, reason in chosen
        ],
    )
    store.create(f"{_FOLDER}{id_}.json", drawn.model_dump_json().encode())
    return drawn


def read_round(store: ModelStore, id_: str) -> Round:
    """Raises `NotFound` when there is no such round, `UnusableRecord` when its record is damaged."""
    try:
        body = store.get(f"{_FOLDER}{id_}.json").body
    except NotFound as error:
        raise NotFound("there is no such round; GET /feedback/rounds lists them") from error
    try:
        found = Round.model_validate_json(body)
    except ValidationError as error:
        raise UnusableRecord(f"the record of round {id_} is damaged; draw another") from error
    if found.id != id_ or any(choice.record.model != store.model for choice in found.choices):
        raise UnusableRecord(f"the record of round {id_} is of another round, or model; draw another")
    return found


def list_rounds(store: ModelStore) -> list[ListedRound]:
    """All rounds, newest first."""
    ids = [entry.key.removeprefix(_FOLDER).removesuffix(".json") for entry in store.list(_FOLDER)]
    return [
        ListedRound(id=id_, created_at=time_of(id_))
        for id_ in sorted(ids, reverse=True)
        # What is no round was put there by hand.
        if re.fullmatch(ID, id_)
    ]
