"""How far labelling has come, and how far those who label agree."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

from pydantic import BaseModel, Field

from functions.core.predictions.labels import Label
from functions.core.predictions.records import PredictionRecord

_MAX_PAIRS = 50


class Agreement(BaseModel):
    """How two sources agree where both have labelled."""

    sources: tuple[str, str]
    both: int = Field(description="Predictions that both have labelled")
    raw: float = Field(description="The share of them on which they agree")
    kappa: float | None = Field(
        description="Cohen's kappa: 1 is full agreement, 0 what chance alone would bring about; null where "
        "both have only ever said one and the same thing, which chance would too"
    )


class Progress(BaseModel):
    """`labelled` and `open` count predictions, `labels` and `corrections` what was said of them."""

    predictions: int
    labelled: int
    open: int
    labels: int
    corrections: int = Field(description="Labels with which a source took back what it had said")
    sources: dict[str, int] = Field(description="How many predictions each source has labelled")
    agreement: list[Agreement] = Field(description="Of the pairs with most predictions in common")


def progress(records: Iterable[PredictionRecord], labels: Mapping[str, Sequence[Label]]) -> Progress:
    """Count what `labels` say of `records`. labels: by prediction id, oldest first."""
    said = [labels.get(record.prediction_id, ()) for record in records]
    # What each source said last of each prediction.
    standing = [{label.source: label.outcome for label in of_prediction} for of_prediction in said]
    kept = sum(map(len, said))
    # Who says once more with an admin key what it had said takes nothing back.
    first = sum(len({(label.source, label.vouched) for label in of_prediction}) for of_prediction in said)
    labelled = sum(map(bool, said))
    return Progress(
        predictions=len(said),
        labelled=labelled,
        open=len(said) - labelled,
        labels=kept,
        corrections=kept - first,
        sources=dict(Counter(source for outcomes in standing for source in outcomes).most_common()),
        agreement=_agreements(standing),
    )


def _agreements(standing: Iterable[Mapping[str, bool]]) -> list[Agreement]:
    pairs: dict[tuple[str, str], list[tuple[bool, bool]]] = {}
    for said in standing:
        for left, right in combinations(sorted(said), 2):
            pairs.setdefault((left, right), []).append((said[left], said[right]))
    most = sorted(pairs, key=lambda pair: (-len(pairs[pair]), pair))[:_MAX_PAIRS]
    return [
        Agreement(sources=pair, both=len(pairs[pair]), raw=raw(pairs[pair]), kappa=kappa(pairs[pair]))
        for pair in most
    ]


def raw(pairs: Sequence[tuple[bool, bool]]) -> float:
    """The share of N ≥ 1 pairs of labels that are equal."""
    return sum(left == right for left, right in pairs) / len(pairs)


def kappa(pairs: Sequence[tuple[bool, bool]]) -> float | None:
    """Cohen's kappa of N ≥ 1 pairs of labels, one of each of two sources.

    (raw - chance) / (1 - chance), where chance is the agreement to expect of two sources that label
    independently, each the positive outcome as often as it did. None where that is 1. Cohen (1960), A
    Coefficient of Agreement for Nominal Scales.
    """
    left = sum(outcome for outcome, _ in pairs) / len(pairs)
    right = sum(outcome for _, outcome in pairs) / len(pairs)
    chance = left * right + (1 - left) * (1 - right)
    return None if chance == 1 else (raw(pairs) - chance) / (1 - chance)
