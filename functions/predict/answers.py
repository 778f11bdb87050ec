"""Writes predictions for whoever asked: as JSON, or as CSV. What they look like: `predict.app.shapes`."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import repeat
from typing import Annotated, Any

from pydantic import Field
from pydantic_core import to_json

from functions.core.schema.passenger import FEATURES
from functions.predict.champion import Loaded
from functions.predict.explain import Explanation
from functions.predict.predict import Scored


@dataclass(frozen=True, slots=True)
class RowError:
    """Why a row was not scored."""

    row: Annotated[int, Field(ge=1, description="Which of the rows that were sent, from 1")]
    field: Annotated[str, Field(description="Empty when it is about the row as a whole")]
    msg: str


def rows(scored: Scored, explanation: Explanation | None = None) -> Iterator[dict[str, Any]]:
    """An `Answer` for each row, in order."""
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


def one_as_json(scored: Scored, model: Loaded, explanation: Explanation | None = None) -> bytes:
    """A `Prediction`."""
    [answer] = rows(scored, explanation)
    return to_json(answer | _about(model))


def batch_as_json(
    scored: Scored, numbers: list[int], errors: list[RowError], model: Loaded, explanation: Explanation | None
) -> bytes:
    """A `BatchPrediction`. numbers: of each scored row among those that were sent."""
    answers = [
        {"row": number, **answer} for number, answer in zip(numbers, rows(scored, explanation), strict=True)
    ]
    return to_json({**_about(model), "predictions": answers, "errors": errors})


def batch_as_csv(
    scored: Scored, numbers: list[int], errors: list[RowError], model: Loaded, explanation: Explanation | None
) -> bytes:
    """The same as a table with a header: a line per row, in order; a row that was not scored has an error."""
    count = len(numbers)
    header = ["row", "survived", "probability", "prediction_id", "version"]
    columns: list[Iterable[str]] = [
        map(str, numbers),
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
        header.append("error")
        columns.append(repeat("", count))
    # Numbers, ids and a version: there is nothing to quote.
    lines = [*map(",".join, zip(*columns, strict=True))]
    if errors:
        bad = [(error.row, _as_line(error, len(header))) for error in errors]
        lines = [line for _, line in sorted([*zip(numbers, lines, strict=True), *bad])]
    return "\n".join([",".join(header), *lines, ""]).encode()


def _as_line(error: RowError, cells: int) -> str:
    """The row number, the error in the last of so many cells, and nothing between."""
    text = f"{error.field}: {error.msg}".lstrip(": ").replace('"', '""')
    return f'{error.row}{"," * (cells - 1)}"{text}"'


def _as_texts(numbers: list[float]) -> list[str]:
    """Each with as many digits as it takes to get the same number back."""
    return to_json(numbers).decode()[1:-1].split(",") if numbers else []


def _about(model: Loaded) -> dict[str, Any]:
    manifest = model.manifest
    return {
        "threshold": manifest.threshold,
        "model": {"name": manifest.name, "version": manifest.version},
    }
