"""Outcomes as they are sent, and what becomes of each."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from functions.core.base.errors import InvalidInput
from functions.core.base.ids import PATTERN, time_of
from functions.core.predictions import labels
from functions.core.predictions.labels import SOURCE, Label
from functions.core.storage.contract import Store
from functions.feedback.log_reader import LogReader

MOST_OUTCOMES = 1_000
UNKNOWN = (
    "there is no record of a prediction {id}; records arrive some minutes after the answer, so try again "
    "later, and where only a share of the predictions is logged, the others have none"
)
UNDECIDED = (
    "a record of prediction {id} was not found in as much of the log as one request reads: if others were "
    "sent with it, send it again, with fewer"
)
_WRITTEN_AT_ONCE = 8


def _id(value: str) -> str:
    try:
        time_of(value)
    except ValueError:
        raise ValueError("a prediction id is a UUID of version 7: the prediction_id of an answer") from None
    return str(UUID(value))


def _outcome(value: Any) -> Any:
    # Datasets say 0 and 1. What equals them and is neither, such as 1.0, is left to fail.
    return bool(value) if type(value) is int and value in (0, 1) else value


PredictionId = Annotated[str, AfterValidator(_id), Field(json_schema_extra={"pattern": PATTERN})]
Source = Annotated[str, Field(pattern=SOURCE, examples=["alice"])]


class Outcome(BaseModel):
    """What really happened to the passenger of a prediction."""

    model_config = ConfigDict(extra="forbid", strict=True)

    prediction_id: PredictionId = Field(examples=["01a1feaa-00ea-7752-9015-c9355649249c"])
    survived: Annotated[
        bool,
        BeforeValidator(_outcome),
        WithJsonSchema({"anyOf": [{"type": "boolean"}, {"enum": [0, 1]}]}),
    ]
    source: Source | None = Field(None, description="Who or what says so; the id of the key if left out")


class Receipt(BaseModel):
    """What became of an outcome: `recorded`, `repeated` (this source had said so) or `unknown` prediction:
    `error` says whether there is no record of it, or none was found in as much of the log as was read."""

    prediction_id: str
    status: Literal["recorded", "repeated", "unknown"]
    survived: bool
    source: str
    labelled_at: datetime | None = None
    error: str | None = None


def report(
    store: Store, log: LogReader, outcomes: Sequence[Outcome], *, key_id: str, request_id: str
) -> list[Receipt]:
    """Keep the outcomes of all predictions that are found in the log. Returns a receipt for each, in order.

    Of several outcomes of one prediction the last one counts. Whatever fails midway, sending all of them
    again keeps each once: so they must not contradict themselves. Raises `InvalidInput` when one source says
    two things of a prediction.
    """
    _refuse_contradictions(outcomes, key_id)
    there, undecided = log.known(outcome.prediction_id for outcome in outcomes)
    places: dict[str, list[int]] = {}
    for at, outcome in enumerate(outcomes):
        places.setdefault(outcome.prediction_id, []).append(at)
    receipts: dict[int, Receipt] = {}

    def of_one_prediction(id_: str) -> None:
        # One after the other: they are numbered in this order.
        for at in places[id_]:
            source, survived = outcomes[at].source or key_id, outcomes[at].survived
            if id_ not in there:
                error = (UNDECIDED if id_ in undecided else UNKNOWN).format(id=id_)
                receipts[at] = Receipt(
                    prediction_id=id_, status="unknown", survived=survived, source=source, error=error
                )
                continue
            label, new = labels.record(
                store, id_, survived=survived, source=source, key_id=key_id, request_id=request_id
            )
            receipts[at] = _receipt(label, new)

    with ThreadPoolExecutor(_WRITTEN_AT_ONCE) as writers:
        # A list, so that what a writer raises is raised here.
        list(writers.map(of_one_prediction, places))
    return [receipts[at] for at in range(len(outcomes))]


def _refuse_contradictions(outcomes: Sequence[Outcome], key_id: str) -> None:
    """Sent again, the first of two contradictory outcomes would look like a correction of the second."""
    said: dict[tuple[str, str], bool] = {}
    for at, outcome in enumerate(outcomes):
        who = outcome.prediction_id, outcome.source or key_id
        if said.setdefault(who, outcome.survived) is not outcome.survived:
            fault = "the same source says something else of this prediction before"
            raise InvalidInput(
                "a source says two things of one prediction: send the one that counts",
                [{"loc": ["body", "many", at, "survived"], "msg": fault, "type": "contradiction"}],
            )


def _receipt(label: Label, new: bool) -> Receipt:
    return Receipt(
        prediction_id=label.prediction_id,
        status="recorded" if new else "repeated",
        survived=label.survived,
        source=label.source,
        labelled_at=label.labelled_at,
    )
