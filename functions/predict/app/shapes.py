"""What answers look like, for the OpenAPI document; `functions.predict.answers` writes them.

They are apart from the writers because a cold start has no use for them.
"""

from pydantic import BaseModel, Field

from functions.predict.answers import RowError


class ModelName(BaseModel):
    name: str = Field(examples=["titanic"])
    version: str = Field(examples=["64fb781fa1a71ca5"])


class ExplanationAnswer(BaseModel):
    """`base_probability` plus the eight `contributions` is the probability."""

    base_probability: float = Field(ge=0, le=1, examples=[0.364])
    contributions: dict[str, float] = Field(examples=[{"pclass": 0.2, "sex": 0.3}])


class Answer(BaseModel):
    """An answer: `survived` is whether `probability` is above the threshold."""

    survived: bool
    probability: float = Field(ge=0, le=1, examples=[0.9713])
    prediction_id: str = Field(
        description="UUID of version 7: it carries its time",
        examples=["01a1feaa-00ea-7752-9015-c9355649249c"],
    )
    explanation: ExplanationAnswer | None = Field(None, description="Only where it was asked for")


class Prediction(Answer):
    threshold: float = Field(ge=0, le=1, examples=[0.5])
    model: ModelName


class RowAnswer(Answer):
    row: int = Field(ge=1, description="Which of the rows that were sent, from 1")


class BatchPrediction(BaseModel):
    """The answers in the order of the rows; with `partial=true`, `errors` tells of the rows left out."""

    threshold: float
    model: ModelName
    predictions: list[RowAnswer]
    errors: list[RowError]


class Predictions(BaseModel):
    """The answers in the order of the rows, as MLflow's clients expect them."""

    predictions: list[Answer]
