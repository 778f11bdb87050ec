"""How far labelling has come, and how far those who label agree: keys, each of which counts as one."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

from pydantic import BaseModel, Field

from functions.core.predictions.labels import Label
from functions.feedback.rows import rows_of
from functions.feedback.selection import SelectedPredictions

_MAX_PAIRS = 50


class Agreement(BaseModel):
    """How two keys agree where both have labelled."""

    sources: tuple[str, str] = Field(description="The ids of the keys")
    both: int = Field(description="Predictions that both have labelled")
    raw: float = Field(description="The share of them on which they agree")
    kappa: float | None = Field(
        description="Cohen's kappa: 1 is full agreement, 0 what chance alone would bring about; null where "
        "both have only ever said one and the same thing, which chance would too"
    )


class Progress(BaseModel):
    """`labelled` and `open` count predictions, `labels` and `corrections` what was said of them.

    A prediction is labelled when it, or another one of the very same row, has a label.
    """

    predictions: int
    rows: int = Field(description="Different rows among them")
    labelled: int
    open: int
    complete: int = Field(
        description="Labelled by as many keys as are wanted: in a round, as it says; else 1"
    )
    unsure: int = Field(description="Not labelled, and somebody said that they do not know")
    labels: int
    corrections: int = Field(description="Labels with which a source took back what it had said")
    sources: dict[str, int] = Field(
        description="How many predictions each source has labelled: a key by its id, or `{key id}/{name}` "
        "where a name was given"
    )
    agreement: list[Agreement] = Field(description="Of the pairs with most predictions in common")
    damaged_lines: int = Field(description="Lines of the log that could not be read, and were passed over")


def progress(
    selected: SelectedPredictions,
    labels: Mapping[str, Sequence[Label]],
    unsure: Mapping[str, frozenset[str]],
    *,
    wanted: int = 1,
) -> Progress:
    """Count what `labels` say of what was found. labels: by prediction id, oldest first. unsure: the keys
    that do not know, by prediction id. wanted: how many keys are to label each row.

    A list of counts, each of which goes through the labels by itself.
    """
    labels_of_each = [
        labels[prediction.prediction_id]
        for prediction in selected.predictions
        if prediction.prediction_id in labels
    ]
    # What each source, and each key under whatever name, said last of each prediction.
    by_source = [{label.source: label.outcome for label in of_prediction} for of_prediction in labels_of_each]
    by_key = [{label.key_id: label.outcome for label in of_prediction} for of_prediction in labels_of_each]
    kept = sum(map(len, labels_of_each))
    # Who says once more with an admin key what it had said takes nothing back.
    first = sum(
        len({(label.source, label.vouched) for label in of_prediction}) for of_prediction in labels_of_each
    )
    rows = rows_of(selected.predictions, labels, unsure)
    labelled = sum(row.predictions for row in rows.values() if row.keys)
    return Progress(
        predictions=len(selected.predictions),
        rows=len(rows),
        labelled=labelled,
        open=len(selected.predictions) - labelled,
        complete=sum(row.predictions for row in rows.values() if len(row.keys) >= wanted),
        unsure=sum(row.predictions for row in rows.values() if row.unsure and not row.keys),
        labels=kept,
        corrections=kept - first,
        sources=dict(Counter(source for outcomes in by_source for source in outcomes).most_common()),
        agreement=_agreements(by_key),
        damaged_lines=selected.damaged_lines,
    )


def _agreements(standing: Iterable[Mapping[str, bool]]) -> list[Agreement]:
    pairs: dict[tuple[str, str], list[tuple[bool, bool]]] = {}
    for by_labeller in standing:
        for left, right in combinations(sorted(by_labeller), 2):
            pairs.setdefault((left, right), []).append((by_labeller[left], by_labeller[right]))
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
