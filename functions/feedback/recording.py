"""Keeps outcomes as labels of the predictions that they are of, and says what became of each."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from functions.core.base.errors import InvalidInput
from functions.core.predictions import labels
from functions.core.predictions.labels import source_of
from functions.core.predictions.unsure import record_unsure
from functions.core.schema.names import own_names
from functions.core.schema.schema import fold
from functions.core.schema.target import Target
from functions.core.storage.contract import Store
from functions.feedback.faults import fault
from functions.feedback.log_reader import LogReader
from functions.feedback.outcomes import Outcome, contradictions

# The log is listed by the days of predictions. A record may lie in the hour before its own, or the next: so
# twice as many listings are the most that it takes.
MAX_DAYS = 31
UNKNOWN = (
    "there is no record of a prediction {id} of this model; records arrive some minutes after the answer, so "
    "try again later, and where only a share of the predictions is logged, the others have none"
)
UNDECIDED = (
    "a record of prediction {id} was not found in as much of the log as one request reads: if others were "
    "sent with it, send it again, with fewer"
)
_WRITTEN_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of an outcome: `recorded`, `repeated` (this source had said so) or `unknown` prediction:
    `error` says whether there is no record of it, or none was found in as much of the log as was read.
    outcome: None where who says so does not know."""

    prediction_id: str
    status: Literal["recorded", "repeated", "unknown"]
    outcome: bool | None
    source: str
    labelled_at: datetime | None = None
    error: str | None = None

    def answer(self, target: Target) -> dict[str, Any]:
        """The receipt with the outcome under the target's name, in the target's words."""
        moment = self.labelled_at
        names = own_names(("prediction_id", "status", "source", "labelled_at", "error"), {fold(target.name)})
        return {
            names["prediction_id"]: self.prediction_id,
            names["status"]: self.status,
            target.name: None if self.outcome is None else target.answers[self.outcome],
            names["source"]: self.source,
            names["labelled_at"]: moment and moment.isoformat().replace("+00:00", "Z"),
            names["error"]: self.error,
        }


def report(
    store: Store,
    log: LogReader,
    outcomes: Sequence[Outcome],
    target: Target,
    *,
    key_id: str,
    request_id: str,
    vouched: bool = False,
) -> list[Receipt]:
    """Keep the outcomes of all predictions that are found in the log. Returns a receipt for each, in order.

    vouched: whether the key has the scope `admin` (`core.predictions.labels`). Of several outcomes of one
    prediction the last one counts. Whatever fails midway, sending all of them
    again keeps each once: so they must not contradict themselves. Raises `InvalidInput` when one source says
    two things of a prediction, or they are of more than `MAX_DAYS` days.
    """
    _refuse_contradictions(outcomes, target, key_id)
    _refuse_many_days(outcomes)
    known, undecided = log.known(outcome.prediction_id for outcome in outcomes)
    places: dict[str, list[int]] = {}
    for index, outcome in enumerate(outcomes):
        places.setdefault(outcome.prediction_id, []).append(index)
    recorder = _Recorder(store, key_id, request_id, vouched)
    receipts: dict[int, Receipt] = {}

    def record_all_of(id_: str) -> None:
        # One after the other: they are numbered in this order.
        for index in places[id_]:
            if id_ in known:
                receipts[index] = recorder.record(outcomes[index])
            else:
                error = (UNDECIDED if id_ in undecided else UNKNOWN).format(id=id_)
                receipts[index] = recorder.refuse(outcomes[index], error)

    with ThreadPoolExecutor(_WRITTEN_AT_ONCE) as writers:
        # A list, so that what a writer raises is raised here.
        list(writers.map(record_all_of, places))
    return [receipts[index] for index in range(len(outcomes))]


@dataclass(frozen=True, slots=True)
class _Recorder:
    """Keeps outcomes that one request has sent."""

    store: Store
    key_id: str
    request_id: str
    vouched: bool

    def record(self, outcome: Outcome) -> Receipt:
        if outcome.outcome is None:
            moment, is_new = record_unsure(
                self.store,
                outcome.prediction_id,
                key_id=self.key_id,
                request_id=self.request_id,
                source=outcome.source,
                note=outcome.note,
            )
            source = source_of(self.key_id, outcome.source)
            return Receipt(outcome.prediction_id, _status(is_new), None, source, moment)
        label, is_new = labels.record(
            self.store,
            outcome.prediction_id,
            outcome=outcome.outcome,
            key_id=self.key_id,
            request_id=self.request_id,
            source=outcome.source,
            vouched=self.vouched,
            note=outcome.note,
        )
        return Receipt(label.prediction_id, _status(is_new), label.outcome, label.source, label.labelled_at)

    def refuse(self, outcome: Outcome, error: str) -> Receipt:
        source = source_of(self.key_id, outcome.source)
        return Receipt(outcome.prediction_id, "unknown", outcome.outcome, source, error=error)


def _status(is_new: bool) -> Literal["recorded", "repeated"]:
    return "recorded" if is_new else "repeated"


def _refuse_contradictions(outcomes: Sequence[Outcome], target: Target, key_id: str) -> None:
    """Sent again, the first of two contradictory outcomes would look like a correction of the second."""
    msg = "the same source says something else of this prediction before"
    faults = [
        fault(["body", "many", index, target.name], msg, "contradiction")
        for index in contradictions(outcomes, key_id)
    ]
    if faults:
        raise InvalidInput("a source says two things of one prediction: send the one that counts", faults)


def _refuse_many_days(outcomes: Sequence[Outcome]) -> None:
    days = {labels.day_of(outcome.prediction_id) for outcome in outcomes}
    if len(days) > MAX_DAYS:
        msg = (
            f"the outcomes are of predictions of {len(days)} different days, and one request takes those of "
            f"{MAX_DAYS}: sort them by prediction_id, which begins with its time, and send them in parts"
        )
        raise InvalidInput(msg, [fault(["body", "many"], msg, "days")])
