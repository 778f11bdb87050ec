"""The next predictions for an annotator: those still open, in the order of `sampling`, each leased."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta

from pydantic import BaseModel, Field

from functions.core.predictions.labels import Label, read_labels
from functions.core.predictions.records import PredictionRecord
from functions.core.storage.contract import Store
from functions.feedback.leases import Lease, read_leases, take
from functions.feedback.sampling import Choice, Reason
from functions.feedback.selection import days_of

Choose = Callable[[Collection[PredictionRecord], int, int], Sequence[Choice]]
"""Of the records that are free, so many, when so many were chosen before."""

# When something was leased, and which of a page it was: see `_lease`.
PLACE = r"^[0-9]{8}T[0-9]{6}\.[0-9]{6}Z-[0-9]{4}$"


class QueuedPrediction(BaseModel):
    """A prediction to be labelled, leased to whoever asked. `features` are what the model was given."""

    prediction_id: str
    timestamp: datetime
    version: str
    probability: float
    features: dict[str, float | str | None]
    chosen: Reason = Field(description="Because the model is least certain of it, or at random")
    leased_until: datetime


class QueuePage(BaseModel):
    items: list[QueuedPrediction]
    open: int = Field(description="How many are to be labelled still, leased or not")
    next: str | None = Field(description="Send it as `after` to lease others beside these; null at the end")


def next_page(
    store: Store,
    records: Sequence[PredictionRecord],
    choose: Choose,
    *,
    annotator: str,
    wanted: int,
    limit: int,
    after: str | None,
    now: datetime,
    lease_seconds: int,
) -> QueuePage:
    """Up to `limit` of `records` that `annotator` is to label: those leased to them already, then others.

    A prediction is open until `wanted` sources have labelled it; a source does not get it twice. after: the
    `next` of another page, whose items are left out. Who asks again gets the same items until they are
    labelled or their leases end.
    """
    days = days_of(records)
    labels = read_labels(store, days)
    leases = read_leases(store, days, now=now, seconds=lease_seconds)
    by_id = {
        record.prediction_id: record
        for record in records
        if _is_open(labels.get(record.prediction_id, ()), annotator, wanted)
    }
    own = sorted(
        (lease for id_, lease in leases.live.items() if id_ in by_id and lease.annotator == annotator),
        key=lambda lease: lease.place,
    )
    page = [lease for lease in own if after is None or lease.place > after][:limit]
    free = {id_: record for id_, record in by_id.items() if id_ not in leases.live}
    chosen_before = len(records) - len(free)
    tried = 0
    while free and len(page) < limit:
        choices = choose(free.values(), limit - len(page), chosen_before + tried)
        asked = [
            _lease(choice, annotator, now, lease_seconds, tried + rank) for rank, choice in enumerate(choices)
        ]
        # Somebody else may have been first: then others are chosen in their place.
        page += take(store, asked, leases.ended)
        tried += len(asked)
        for lease in asked:
            del free[lease.prediction_id]
    return QueuePage(
        items=[_item(by_id[lease.prediction_id], lease) for lease in page],
        open=len(by_id),
        next=page[-1].place if len(page) == limit else None,
    )


def _is_open(labels: Sequence[Label], annotator: str, wanted: int) -> bool:
    sources = {label.source for label in labels}
    return len(sources) < wanted and annotator not in sources


def _lease(choice: Choice, annotator: str, now: datetime, seconds: int, rank: int) -> Lease:
    return Lease(
        prediction_id=choice.record.prediction_id,
        annotator=annotator,
        place=f"{now:%Y%m%dT%H%M%S.%fZ}-{rank:04}",
        until=now + timedelta(seconds=seconds),
        chosen=choice.chosen,
    )


def _item(record: PredictionRecord, lease: Lease) -> QueuedPrediction:
    return QueuedPrediction(
        prediction_id=record.prediction_id,
        timestamp=record.timestamp,
        version=record.version,
        probability=record.probability,
        features=record.features,
        chosen=lease.chosen,
        leased_until=lease.until,
    )
