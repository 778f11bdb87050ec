"""What was answered: the record of a prediction, and the same prediction made again.

Whoever has a key with the scope predict and knows a prediction's id may ask, not only who made it: the 74
random bits of an id are told to nobody else, and a record holds no text that a category was derived from.
Which key asked stays untold.
"""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from functions.core.base.ids import PATTERN
from functions.core.http.refusals import error_answers
from functions.predict.replay.replay import Replay, find, replay
from functions.predict.routing import MAY_PREDICT, CurrentService, ModelName

router = APIRouter(prefix="/predictions/{prediction_id}", dependencies=MAY_PREDICT)

# Only for the documentation: what is no id is refused in words of ours. A time that begins with 0 is one
# before the year 2527.
PredictionId = Annotated[
    str,
    Path(json_schema_extra={"pattern": PATTERN}, examples=["01a1feaa-00ea-7752-9015-c9355649249c"]),
]


class LoggedPrediction(BaseModel):
    """A prediction as it was logged. `features` are what the model was given; null is missing."""

    prediction_id: str
    timestamp: datetime
    model: str = Field(examples=["churn"])
    version: str = Field(examples=["64fb781fa1a71ca5"])
    request_id: str
    probability: float = Field(ge=0, le=1, examples=[0.9713])
    reference: str | None = Field(None, description="The caller's own words for the row, if any were sent")
    features: dict[str, float | str | None] = Field(examples=[{"contract": "monthly", "age": 29.0}])


@router.get(
    "",
    summary="Look up a prediction",
    description="It can be found some minutes after the answer, when its line of the log has arrived.",
    responses=error_answers(401, 403, 404, 422, 503),
)
async def logged(prediction_id: PredictionId, service: CurrentService, model: ModelName) -> LoggedPrediction:
    record = find(service.store_of(model), prediction_id)
    return LoggedPrediction.model_validate(record, from_attributes=True)


@router.post(
    "/replay",
    summary="Make a prediction again",
    description=(
        "With the version that made it, whichever is in service now. `identical` tells whether both "
        "probabilities are the same to the last bit."
    ),
    responses=error_answers(401, 403, 404, 422, 503),
)
async def replay_prediction(prediction_id: PredictionId, service: CurrentService, model: ModelName) -> Replay:
    return replay(service, model, prediction_id)
