"""The next rows for an annotator: those still open, in the order of `sampling`, each leased."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta

from pydantic import BaseModel, Field

from functions.core.predictions.labels import Label, read_labels, source_of
from functions.core.predictions.unsure import read_unsure
from functions.core.storage.contract import Store
from functions.feedback.leases import MAX_LEASES, Lease, read_leases, take
from functions.feedback.log_object import Logged
from functions.feedback.rows import Row, rows_of
from functions.feedback.sampling import Reason
from functions.feedback.selection import SelectedPredictions

Choose = Callable[[Collection[Row], int, int], Sequence[tuple[Row, Reason]]]
"""Of the rows that are free, so many, when so many were chosen before; and why each."""

Heard = Callable[[Mapping[str, Sequence[Label]]], Mapping[str, Sequence[Label]]]
"""Of all labels, by prediction id, those that count."""


class QueuedPrediction(BaseModel):
    """A prediction to be labelled, leased to whoever asked. `features` are what the model was given.

    Equal rows are handed out once: a label of this prediction is taken for all of them. `reference` is what
    whoever asked calls the row.
    """

    prediction_id: str
    timestamp: datetime
    version: str
    probability: float
    reference: str | None
    features: dict[str, float | str | None]
    stands_for: int = Field(description="Predictions of this very row among those that were looked at")
    chosen: Reason = Field(description="Because the model is least certain of it, or at random")
    leased_until: datetime


class LookedAt(BaseModel):
    """What the queue was made from."""

    predictions: int = Field(description="The newest that fit what was asked for")
    rows: int = Field(description="Different rows among them")
    objects: int = Field(description="Of the prediction log, that were read")
    objects_in_time: int = Field(
        description="Those that there are of the time asked for: where more than were read, the older "
        "predictions were left out"
    )
    damaged_lines: int = Field(description="Lines of the log that could not be read, and were passed over")


class QueuePage(BaseModel):
    items: list[QueuedPrediction]
    open: int = Field(description="How many rows are to be labelled still, leased or not")
    next: str | None = Field(description="Send it as `after` to lease others beside these; null at the end")
    leases_left: int = Field(
        description=f"How many more the caller may lease: {MAX_LEASES} at a time, under all annotators' names"
    )
    looked_at: LookedAt


def next_page(
    store: Store,
    selected: SelectedPredictions,
    choose: Choose,
    *,
    key_id: str,
    annotator: str | None,
    wanted: int,
    limit: int,
    after: str | None,
    now: datetime,
    lease_seconds: int,
    heard: Heard = dict,
) -> QueuePage:
    """Up to `limit` rows that an annotator is to label: those leased to them already, then others.

    key_id, annotator: who asks, and the name they give. A row is open until `wanted` keys have labelled it; a
    key does not get it twice, whatever the name, nor one of which it said that it does not know. heard: of
    all labels, those that count. after: the `next` of another page, whose items are left out.
    Who asks again gets the same items until they are labelled or their leases end.
    """
    # Long by what it is asked for; its steps are one after the other, without a branch.
    asking = source_of(key_id, annotator)
    labels = heard(read_labels(store, selected.days))
    unsure = read_unsure(store, selected.days)
    leases = read_leases(store, selected.days, now=now, seconds=lease_seconds)
    rows = rows_of(selected.predictions, labels, unsure)
    open_rows = {
        number: row for number, row in rows.items() if len(row.keys) < wanted and key_id not in row.answered
    }
    leased = [
        (leases.live[logged.prediction_id], logged)
        for logged in selected.predictions
        if logged.prediction_id in leases.live
    ]
    page = _own_leases(leased, asking, open_rows, after)[:limit]
    free = _free_rows(leased, open_rows, rows)
    left = _leases_left(key_id, leases.live, labels, unsure)
    chosen_before = len(rows) - len(free)

    def choose_some(count: int, tried: int) -> list[Lease]:
        choices = choose(free.values(), count, chosen_before + tried)
        return [
            _lease(row, reason, asking, now, lease_seconds, tried + rank)
            for rank, (row, reason) in enumerate(choices)
        ]

    others = _lease_others(store, free, choose_some, leases.etags, most=min(limit - len(page), left))
    page += others
    return QueuePage(
        items=[_item(logged, lease, rows[logged.row]) for lease, logged in page],
        open=len(open_rows),
        next=page[-1][0].place if len(page) == limit else None,
        leases_left=left - len(others),
        looked_at=_looked_at(selected, len(rows)),
    )


def _own_leases(
    leased: Sequence[tuple[Lease, Logged]], annotator: str, open_rows: Mapping[int, Row], after: str | None
) -> list[tuple[Lease, Logged]]:
    """What is leased to the annotator behind the place `after`, and still open, in the order in which it
    was."""
    own = [
        (lease, logged)
        for lease, logged in leased
        if lease.annotator == annotator and logged.row in open_rows and lease.place > (after or "")
    ]
    return sorted(own, key=lambda item: item[0].place)


def _free_rows(
    leased: Sequence[tuple[Lease, Logged]], open_rows: Mapping[int, Row], rows: Mapping[int, Row]
) -> dict[str, Row]:
    """The open rows that nobody has leased, by the id of their newest prediction.

    Whose holder has had their say lets the row go: where more labels are wanted, others may go on.
    """
    taken = {logged.row for lease, logged in leased if lease.key_id not in rows[logged.row].answered}
    return {row.prediction_id: row for number, row in open_rows.items() if number not in taken}


def _leases_left(
    key_id: str,
    live: Mapping[str, Lease],
    labels: Mapping[str, Sequence[Label]],
    unsure: Mapping[str, frozenset[str]],
) -> int:
    """How many more a key may lease.

    What was labelled lets its lease go, so that nobody who works fast has to wait.
    """
    leased = sum(
        lease.key_id == key_id and id_ not in labels and key_id not in unsure.get(id_, ())
        for id_, lease in live.items()
    )
    return max(MAX_LEASES - leased, 0)


def _lease_others(
    store: Store,
    free: dict[str, Row],
    choose_some: Callable[[int, int], list[Lease]],
    etags: dict[str, str],
    *,
    most: int,
) -> list[tuple[Lease, Logged]]:
    """Up to `most` of the rows in `free`, leased. What is tried is taken out of `free`.

    choose_some: leases of so many of them, when so many were tried before.
    """
    others: list[tuple[Lease, Logged]] = []
    tried = 0
    while free and len(others) < most:
        asked = choose_some(most - len(others), tried)
        # Somebody else may have been first: then others are chosen in their place.
        others += [(lease, free[lease.prediction_id].newest) for lease in take(store, asked, etags)]
        tried += len(asked)
        for lease in asked:
            del free[lease.prediction_id]
    return others


def _looked_at(selected: SelectedPredictions, rows: int) -> LookedAt:
    return LookedAt(
        predictions=len(selected.predictions),
        rows=rows,
        objects=selected.objects,
        objects_in_time=selected.objects_in_time,
        damaged_lines=selected.damaged_lines,
    )


def _lease(row: Row, reason: Reason, annotator: str, now: datetime, seconds: int, rank: int) -> Lease:
    return Lease(
        prediction_id=row.prediction_id,
        annotator=annotator,
        place=f"{now:%Y%m%dT%H%M%S.%fZ}-{rank:04}",
        until=now + timedelta(seconds=seconds),
        chosen=reason,
    )


def _item(prediction: Logged, lease: Lease, row: Row) -> QueuedPrediction:
    record = prediction.record
    return QueuedPrediction(
        prediction_id=record.prediction_id,
        timestamp=record.timestamp,
        version=record.version,
        probability=record.probability,
        reference=record.reference,
        features=record.features,
        stands_for=row.predictions,
        chosen=lease.chosen,
        leased_until=lease.until,
    )
