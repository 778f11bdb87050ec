"""What a prediction looks like to whoever asked: as JSON, or as CSV."""

from collections.abc import Iterable, Iterator
from itertools import repeat
from typing import Any

from pydantic import BaseModel, Field
from pydantic_core import to_json

from functions.core.passenger import FEATURES
from functions.predict.champion import Loaded
from functions.predict.explain import Explanation
from functions.predict.predict import Scored


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


class RowError(BaseModel):
    """Why a row was not scored."""

    row: int = Field(ge=1, description="Which of the rows that were sent, from 1")
    field: str = Field(description="Empty when it is about the row as a whole")
    msg: str


class BatchPrediction(BaseModel):
    """The answers in the order of the rows; with `partial=true`, `errors` tells of the rows left out."""

    threshold: float
    model: ModelName
    predictions: list[RowAnswer]
    errors: list[RowError]


def one_as_json(scored: Scored, model: Loaded, explanation: Explanation | None = None) -> bytes:
    """A `Prediction`."""
    [answer] = _answers(scored, explanation)
    return to_json(answer | _about(model))


def batch_as_json(
    scored: Scored, rows: list[int], errors: list[RowError], model: Loaded, explanation: Explanation | None
) -> bytes:
    """A `BatchPrediction`. rows: the number of each scored row among those that were sent."""
    answers = [
        {"row": row, **answer} for row, answer in zip(rows, _answers(scored, explanation), strict=True)
    ]
    return to_json(
        {**_about(model), "predictions": answers, "errors": [error.model_dump() for error in errors]}
    )


def batch_as_csv(
    scored: Scored, rows: list[int], errors: list[RowError], model: Loaded, explanation: Explanation | None
) -> bytes:
    """The same as a table with a header: a line per row, in order; a row that was not scored has an error."""
    count = len(rows)
    header = ["row", "survived", "probability", "prediction_id", "version"]
    columns: list[Iterable[str]] = [
        map(str, rows),
        ["1" if one else "0" for one in scored.survived],
        _as_texts(scored.probability),
        scored.prediction_id,
        repeat(model.manifest.version, count),
    ]
    if explanation:
        header += ["base_probability", *(f"contribution_{name}" for name in FEATURES)]
        columns += [
            repeat(repr(explanation.base), count),
            *map(_as_texts, explanation.contributions.T.tolist()),
        ]
    if errors:
        columns.append(repeat("", count))
    # Numbers, ids and a version: there is nothing to quote.
    lines = dict(zip(rows, map(",".join, zip(*columns, strict=True)), strict=True))
    for error in errors:
        text = f"{error.field}: {error.msg}".lstrip(": ").replace('"', '""')
        lines[error.row] = f'{error.row}{"," * len(header)}"{text}"'
    if errors:
        header.append("error")
    return "\n".join([",".join(header), *(lines[row] for row in sorted(lines)), ""]).encode()


def _as_texts(numbers: list[float]) -> list[str]:
    """Each with as many digits as it takes to get the same number back."""
    return to_json(numbers).decode()[1:-1].split(",") if numbers else []


def _answers(scored: Scored, explanation: Explanation | None) -> Iterator[dict[str, Any]]:
    contributions = explanation.contributions.tolist() if explanation else None
    for at, prediction_id in enumerate(scored.prediction_id):
        answer: dict[str, Any] = {
            "survived": scored.survived[at],
            "probability": scored.probability[at],
            "prediction_id": prediction_id,
        }
        if explanation and contributions:
            answer["explanation"] = {
                "base_probability": explanation.base,
                "contributions": dict(zip(FEATURES, contributions[at], strict=True)),
            }
        yield answer


def _about(model: Loaded) -> dict[str, Any]:
    manifest = model.manifest
    return {
        "threshold": manifest.threshold,
        "model": {"name": manifest.name, "version": manifest.version},
    }
