"""What answers look like, for the OpenAPI document; `functions.predict.answers` writes them.

They are apart from the writers because a cold start has no use for them. The outcome, which every answer has
under the target's name, is put in by `functions.predict.document`.
"""

from pydantic import BaseModel, Field

_REFERENCE = (
    "The caller's own words for the row, where some were sent. Where the target has this name, "
    "`lifeboat_reference`"
)
_KEPT = "The cells of the columns that `keep` names, as they were sent"


class ModelVersion(BaseModel):
    name: str = Field(examples=["churn"])
    version: str = Field(examples=["64fb781fa1a71ca5"])


class ExplanationAnswer(BaseModel):
    """`base_probability` plus all `contributions` is the probability."""

    base_probability: float = Field(ge=0, le=1, examples=[0.364])
    contributions: dict[str, float] = Field(examples=[{"age": 0.2, "fare": 0.3}])
    standard_errors: dict[str, float] | None = Field(
        None, description="Of contributions that are estimated: those of more than ten features"
    )


class Answer(BaseModel):
    """An answer: the outcome is whether `probability` is above the threshold."""

    probability: float = Field(ge=0, le=1, examples=[0.9713])
    prediction_id: str = Field(
        description="UUID of version 7: it carries its time",
        examples=["01a1feaa-00ea-7752-9015-c9355649249c"],
    )
    explanation: ExplanationAnswer | None = Field(None, description="Only where it was asked for")
    reference: str | None = Field(None, description=_REFERENCE)


class Prediction(Answer):
    threshold: float = Field(ge=0, le=1, examples=[0.5])
    model: ModelVersion


class RowAnswer(Answer):
    row: int = Field(ge=1, description="Which of the rows that were sent, from 1")
    kept: dict[str, str] | None = Field(None, description=_KEPT)


class RowFault(BaseModel):
    row: int = Field(ge=1, description="Which of the rows that were sent, from 1")
    field: str = Field(description="Empty when it is about the row as a whole")
    msg: str
    reference: str | None = Field(None, description=_REFERENCE)
    kept: dict[str, str] | None = Field(None, description=_KEPT)


class ColumnsRead(BaseModel):
    """What became of the columns of a table."""

    used: list[str] = Field(description="By their names in the table")
    passed_over: list[str] = Field(description="No feature of the model, by their names in the table")
    missing: list[str] = Field(description="Features that the table does not have")


class BatchPrediction(BaseModel):
    """The answers in the order of the rows; with `partial=true`, `errors` tells of the rows left out."""

    threshold: float
    model: ModelVersion
    predictions: list[RowAnswer]
    errors: list[RowFault]
    columns: ColumnsRead | None = Field(None, description="Only where the rows came as a table")


class Predictions(BaseModel):
    """The answers in the order of the rows, as MLflow's clients expect them."""

    predictions: list[Answer]
