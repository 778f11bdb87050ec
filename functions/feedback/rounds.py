"""Labelling rounds: lists of predictions that are drawn once and do not change any more.

A round is one object, written once. It holds the predictions themselves, so that it can be worked on however
long the prediction log has become. Equal rows are drawn once.

A round belongs to a team: only its members label in it, and only their labels count there. It can be locked:
from then on no label is taken for it, and none that came later counts in it, so that what is exported of it
stays as it is. The lock is an object beside it, written once.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated, Self

from pydantic import Field, StringConstraints, ValidationError, model_validator

from functions.core.base.errors import Conflict, Forbidden, InvalidInput, NotFound, UnusableRecord
from functions.core.base.ids import new_ids
from functions.core.base.records import Count, Moment, PositiveCount, Record
from functions.core.identity.caller import Caller
from functions.core.predictions.labels import PREFIX, Label
from functions.core.predictions.records import PredictionRecord
from functions.core.storage.contract import Entry
from functions.core.storage.view import ModelStore
from functions.feedback.log_object import Logged, row_number
from functions.feedback.rows import Row, rows_of
from functions.feedback.sampling import Reason, choose
from functions.feedback.selection import Filters, SelectedPredictions, Selection

MAX_PREDICTIONS = 1_000
ID = r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"
FOLDER = f"{PREFIX}rounds/"
LOCKED = ".locked.json"
MAX_TEAM = 50
Member = Annotated[str, StringConstraints(pattern=r"^[^/~\x00-\x1f]{1,128}$")]
"""The id of a key or a person, as labels are kept under it."""


class RoundRequest(Filters):
    """Which predictions a round is drawn from, and how many are drawn."""

    size: int = Field(ge=1, le=MAX_PREDICTIONS)
    note: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] = Field(
        "", examples=["how good is it for those who are new?"]
    )
    team: list[Member] = Field(
        [],
        max_length=MAX_TEAM,
        description="The ids of the keys and people who may label in it; empty: all who have the scope",
        examples=[["5f3a91c2", "alice@example.org"]],
    )
    wanted: int = Field(1, ge=1, le=5, description="How many members are to label each row")

    @model_validator(mode="after")
    def _enough_members(self) -> Self:
        if len(set(self.team)) < len(self.team):
            raise ValueError("a member is in `team` once")
        if self.team and self.wanted > len(self.team):
            raise ValueError("`wanted` must not be above the number of members of the team")
        return self


class Choice(Record):
    """A prediction, why it was chosen, and of how many equal ones it was the newest."""

    record: PredictionRecord
    chosen: Reason
    stands_for: PositiveCount = 1


class Locked(Record):
    """Who locked a round, and when."""

    by: str
    at: Moment


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
    team: list[str] = Field([], max_length=MAX_TEAM)
    wanted: int = Field(1, ge=1, le=5)
    locked: Locked | None = None
    choices: list[Choice] = Field(max_length=MAX_PREDICTIONS)

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        ids = {choice.record.prediction_id for choice in self.choices}
        if len(ids) < len(self.choices):
            raise ValueError("a prediction is in a round once")
        return self

    @property
    def selected(self) -> SelectedPredictions:
        """The predictions of the round."""
        predictions = [
            Logged(
                choice.record.prediction_id,
                choice.record.probability,
                row_number(choice.record.features, choice.record.reference),
                self,
                index,
            )
            for index, choice in enumerate(self.choices)
        ]
        return SelectedPredictions(sorted(predictions, key=lambda prediction: prediction.prediction_id))

    def require_label(self, caller: Caller) -> None:
        """Raises `Forbidden` for who is not of the team, `Conflict` when the round is locked."""
        if self.team and caller.key_id not in self.team:
            raise Forbidden(
                f"round {self.id} belongs to a team that you ({caller.key_id}) are not in; "
                f"{self.by} drew it: ask for a round with you in its team"
            )
        if self.locked:
            raise Conflict(
                f"round {self.id} was locked by {self.locked.by}: no more labels are taken for it; export "
                "it, or draw another"
            )

    def foreign(self, ids: Iterable[str]) -> list[int]:
        """The places of those of `ids` that are no predictions of the round."""
        known = {choice.record.prediction_id for choice in self.choices}
        return [place for place, id_ in enumerate(ids) if id_ not in known]

    def heard(self, labels: Mapping[str, Sequence[Label]]) -> dict[str, list[Label]]:
        """Those of the labels, by prediction id, that count here: of the team, and not after the lock."""
        counting = {
            id_: [
                label
                for label in of_prediction
                if (not self.team or label.key_id in self.team)
                and (self.locked is None or label.labelled_at <= self.locked.at)
            ]
            for id_, of_prediction in labels.items()
        }
        return {id_: of_prediction for id_, of_prediction in counting.items() if of_prediction}

    def record(self, index: int) -> PredictionRecord:
        return self.choices[index].record

    def choose(self, free: Collection[Row], size: int, _start: int) -> list[tuple[Row, Reason]]:
        """Up to `size` of the rows that are free, in the order of the round."""
        rows = {row.prediction_id: row for row in free}
        chosen = [(choice.record.prediction_id, choice.chosen) for choice in self.choices]
        return [(rows[id_], reason) for id_, reason in chosen if id_ in rows][:size]


def create(
    store: ModelStore,
    selection: Selection[RoundRequest],
    selected: SelectedPredictions,
    *,
    by: str,
    now: datetime,
    share: float,
) -> Round:
    """Draw a round of as many rows as asked for from what was selected, and keep it.

    share: of the round, that is drawn at random. Raises `InvalidInput` when there are no predictions.
    """
    if not selected.predictions:
        raise InvalidInput(
            "there is no prediction to draw a round from: ask for another time, or filter less"
        )
    [id_] = new_ids(1)
    request = selection.query
    rows = rows_of(selected.predictions, {})
    # The id for salt: another round of the same predictions draws others.
    chosen = choose(rows.values(), request.size, share=share, salt=id_)
    drawn = Round(
        id=id_,
        created_at=now,
        by=by,
        note=request.note,
        selection=selection.described(now),
        population=len(selected.predictions),
        rows=len(rows),
        damaged_lines=selected.damaged_lines,
        team=request.team,
        wanted=request.wanted,
        choices=[
            Choice(record=row.newest.record, chosen=reason, stands_for=row.predictions)
            for row, reason in chosen
        ],
    )
    store.create(f"{FOLDER}{id_}.json", drawn.model_dump_json(exclude={"locked"}).encode())
    return drawn


def lock(store: ModelStore, id_: str, caller: Caller) -> Round:
    """Lock a round, for good; one that is locked stays so, from when it was.

    Raises `Forbidden` for who neither drew it nor is an administrator, and as `read_round`.
    """
    drawn = read_round(store, id_)
    if caller.key_id != drawn.by and "admin" not in caller.scopes:
        raise Forbidden(f"only {drawn.by}, who drew the round, or an administrator can lock it")
    body = Locked(by=caller.key_id, at=datetime.now(UTC)).model_dump_json().encode()
    with suppress(Conflict):
        store.create(f"{FOLDER}{id_}{LOCKED}", body)
    return read_round(store, id_)


def read_round(store: ModelStore, id_: str) -> Round:
    """Raises `NotFound` when there is no such round, `UnusableRecord` when its record is damaged."""
    try:
        body = store.get(f"{FOLDER}{id_}.json").body
    except NotFound as error:
        raise NotFound("there is no such round; GET /feedback/rounds lists them") from error
    try:
        drawn = Round.model_validate_json(body)
    except ValidationError as error:
        raise UnusableRecord(f"the record of round {id_} is damaged; draw another") from error
    if drawn.id != id_ or any(choice.record.model != store.model for choice in drawn.choices):
        raise UnusableRecord(f"the record of round {id_} is of another round, or model; draw another")
    locks = store.list(f"{FOLDER}{id_}{LOCKED}")
    return drawn.model_copy(update={"locked": next((read_lock(store, entry) for entry in locks), None)})


def read_lock(store: ModelStore, entry: Entry) -> Locked:
    """The lock that an object is: by the clock of the store, which labels are timed by as well."""
    try:
        by = Locked.model_validate_json(store.get(entry.key).body).by
    except ValidationError:
        by = "somebody"
    return Locked(by=by, at=entry.modified)
