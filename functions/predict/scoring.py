"""Scores rows in one run of the graph, and leaves a line for each in the prediction log."""

from collections.abc import Sequence
from typing import NamedTuple

from functions.core.base.ids import new_ids
from functions.core.schema.columns import Columns
from functions.predict.champion import Loaded
from functions.predict.timing import milliseconds


class Origin(NamedTuple):
    """Who asked: the id of the key and the gateway's id of the request; empty outside a gateway."""

    key_id: str = ""
    request_id: str = ""


class Scored(NamedTuple):
    """What a model says of N rows, in order: `outcome` is whether `probability` is above its threshold.
    `references` are the caller's own words for the rows, where any has some."""

    prediction_id: list[str]
    outcome: list[bool]
    probability: list[float]
    references: Sequence[str | None] | None = None


def score(
    columns: Columns,
    model: Loaded,
    origin: Origin,
    references: Sequence[str | None] | None = None,
    *,
    logged_share: float = 1.0,
) -> Scored:
    """Score the rows of `columns` (see `core.schema.columns`) and log a share of them."""
    label, probability = model.scorer.run(columns)
    scored = Scored(
        prediction_id=new_ids(len(label)),
        # Not `label == 1`: for one row, to compare with numpy takes as long as all else that is done here.
        outcome=[value == 1 for value in label.tolist()],
        probability=probability.tolist(),
        references=references,
    )
    model.log.write(
        columns,
        scored.prediction_id,
        scored.probability,
        references,
        share=logged_share,
        key_id=origin.key_id,
        request_id=origin.request_id,
        took_ms=milliseconds(),
    )
    return scored
