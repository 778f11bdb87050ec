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
from functions.feedback.selection import Found

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
    found: Found,
    choose: Choose,
    *,
    key_id: str,
    annotator: str | None,
    wanted: int,
    limit: int,
    after: str | None,
    now: datetime,
    lease_seconds: int,
    heard: Heard | None = None,
) -> QueuePage:
    """Up to `limit` rows that an annotator is to label: those leased to them already, then others.

    key_id, annotator: who asks, and the name they give. A row is open until `wanted` keys have labelled it; a
    key does not get it twice, whatever the name, nor one of which it said that it does not know. heard: of
    all labels, those that count. after: the `next` of another page, whose items are left out.
    Who asks again gets the same items until they are labelled or their leases end.
    """
    asking = source_of(key_id, annotator)
    labels: Mapping[str, Sequence[Label]] = read_labels(store, found.days)
    if heard:
        labels = heard(labels)
    unsure = read_unsure(store, found.days)
    leases = read_leases(store, found.days, now=now, seconds=lease_seconds)
    rows = rows_of(found.predictions, labels, unsure)
    leased = {one.prediction_id: one for one in found.predictions if one.prediction_id in leases.live}
    # Whose holder has had their say lets the row go: where more labels are wanted, others may go on.
    taken = {one.row for id_, one in leased.items() if leases.live[id_].key_id not in rows[one.row].answered}
    open_rows = {
        number: row for number, row in rows.items() if len(row.keys) < wanted and key_id not in row.answered
    }
    own = sorted(
        (
            (lease, leased[id_])
            for id_, lease in leases.live.items()
            if lease.annotator == asking and id_ in leased and leased[id_].row in open_rows
        ),
        key=lambda item: item[0].place,
    )
    page = [item for item in own if after is None or item[0].place > after][:limit]
    # What was labelled lets its lease go, so that nobody who works fast has to wait.
    held = sum(
        lease.key_id == key_id and id_ not in labels and key_id not in unsure.get(id_, ())
        for id_, lease in leases.live.items()
    )
    left = max(MAX_LEASES - held, 0)
    free = {row.prediction_id: row for number, row in open_rows.items() if number not in taken}
    chosen_before = len(rows) - len(free)
    tried = 0
    while free and left and len(page) < limit:
        choices = choose(free.values(), min(limit - len(page), left), chosen_before + tried)
        asked = [
            _lease(row, reason, asking, now, lease_seconds, tried + rank)
            for rank, (row, reason) in enumerate(choices)
        ]
        # Somebody else may have been first: then others are chosen in their place.
        won = take(store, asked, leases.etags)
        left -= len(won)
        tried += len(asked)
        page += [(lease, free[lease.prediction_id].newest) for lease in won]
        for lease in asked:
            del free[lease.prediction_id]
    return QueuePage(
        items=[_item(prediction, lease, rows[prediction.row]) for lease, prediction in page],
        open=len(open_rows),
        next=page[-1][0].place if len(page) == limit else None,
        leases_left=left,
        looked_at=_looked_at(found, len(rows)),
    )


def _looked_at(found: Found, rows: int) -> LookedAt:
    return LookedAt(
        predictions=len(found.predictions),
        rows=rows,
        objects=found.objects,
        objects_in_time=found.objects_in_time,
        damaged_lines=found.damaged_lines,
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
