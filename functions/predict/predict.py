"""Scores passengers and says which model did."""

from collections.abc import Sequence
from uuid import UUID

from pydantic import BaseModel, Field

from functions.core.ids import uuid7
from functions.core.logs import log
from functions.core.passenger import Passenger
from functions.predict.champion import Loaded


class ModelName(BaseModel):
    name: str = Field(examples=["titanic"])
    version: str = Field(examples=["64fb781fa1a71ca5"])


class Prediction(BaseModel):
    """An answer: `survived` is whether `probability` is above `threshold`."""

    survived: bool
    probability: float = Field(ge=0, le=1, examples=[0.9713])
    threshold: float = Field(ge=0, le=1, examples=[0.5])
    prediction_id: UUID = Field(description="UUID of version 7: it carries its time")
    model: ModelName


def predict(passengers: Sequence[Passenger], champion: Loaded, *, request_id: str) -> list[Prediction]:
    """Score `passengers` in one run of the graph and log one line for each, without the name."""
    manifest = champion.manifest
    model = ModelName(name=manifest.name, version=manifest.version)
    scores = champion.scorer.score(passengers)
    predictions = []
    for passenger, label, probability in zip(
        passengers, scores.label.tolist(), scores.probability.tolist(), strict=True
    ):
        prediction = Prediction(
            survived=label == 1,
            probability=probability,
            threshold=manifest.threshold,
            prediction_id=uuid7(),
            model=model,
        )
        log(
            "INFO",
            "prediction",
            prediction_id=str(prediction.prediction_id),
            version=model.version,
            features=passenger.model_dump(exclude={"name"}),
            probability=probability,
            request_id=request_id,
        )
        predictions.append(prediction)
    return predictions
