"""Two versions side by side: their metrics, and the held-out passengers on whom they disagree."""

from math import log
from typing import Any

from pydantic import BaseModel, Field, ValidationError

from functions.core.base.errors import NotFound, UnusableModel
from functions.core.base.records import Record
from functions.core.registry import versions
from functions.core.registry.manifest import Manifest
from functions.core.stats.records import Interval
from functions.core.storage.contract import Store

MOST_DISAGREEMENTS = 50
# A probability of 0 or 1 that is wrong would cost infinitely much; this caps it at 16.1 nats.
_CLIP = 1e-7


class Holdout(Record):
    """Held-out rows and what a version says of them, column by column; None stands for missing.

    All lists have the same length. Of a large holdout it is a sample: the rows whose hashes are smallest,
    so that two versions of the same data hold the same rows.
    """

    features: dict[str, list[Any]]
    survived: list[int]
    probability: list[float]

    def rows(self) -> list[tuple[Any, ...]]:
        return list(zip(*self.features.values(), strict=True))


class Pair(BaseModel):
    """A figure of the left version and of the right one; None where it is not known."""

    left: float | None
    right: float | None


class IntervalPair(BaseModel):
    left: Interval | None
    right: Interval | None


class Disagreement(BaseModel):
    """A held-out passenger to whom the two versions give different answers."""

    passenger: dict[str, Any]
    survived: int
    left: float = Field(description="Probability by the left version")
    right: float = Field(description="Probability by the right version")


class Comparison(BaseModel):
    """Two versions. `metrics` are of each version's own holdout; the rest is of the rows that both hold."""

    left: str
    right: str
    metrics: dict[str, IntervalPair]
    shared_rows: int
    on_shared_rows: dict[str, Pair]
    disagreements: int
    rows: list[Disagreement] = Field(description="The disagreements, the farthest apart first, 50 at most")


def read_holdout(store: Store, manifest: Manifest) -> Holdout:
    """Raises `UnusableModel` when the object is missing or not the one that the manifest names."""
    try:
        body = store.get(versions.holdout_key(manifest.version)).body
        if versions.sha256(body) != manifest.files["holdout.json"].sha256:
            raise UnusableModel(f"the holdout of version {manifest.version} does not match its checksum")
        return Holdout.model_validate_json(body)
    except (NotFound, KeyError, ValidationError) as error:
        raise UnusableModel(f"version {manifest.version} has no usable record of its holdout") from error


def compare(store: Store, left: str, right: str) -> Comparison:
    """Set two published versions side by side. Raises `NotFound`, `UnusableModel`."""
    manifests = versions.read_manifest(store, left), versions.read_manifest(store, right)
    a, b = (read_holdout(store, manifest) for manifest in manifests)
    by_right = dict(zip(b.rows(), b.probability, strict=True))
    # A graph gives equal rows equal probabilities: features are all it takes to find a row's twin.
    shared = [
        (row, outcome, probability, by_right[row])
        for row, outcome, probability in zip(a.rows(), a.survived, a.probability, strict=True)
        if row in by_right
    ]
    thresholds = [manifest.threshold for manifest in manifests]
    rows = [
        Disagreement(
            passenger=dict(zip(a.features, row, strict=True)), survived=outcome, left=ours, right=theirs
        )
        for row, outcome, ours, theirs in shared
        if (ours > thresholds[0]) != (theirs > thresholds[1])
    ]
    rows.sort(key=lambda row: abs(row.left - row.right), reverse=True)
    names = dict.fromkeys([*manifests[0].metrics, *manifests[1].metrics])
    return Comparison(
        left=left,
        right=right,
        metrics={
            name: IntervalPair(left=manifests[0].metrics.get(name), right=manifests[1].metrics.get(name))
            for name in names
        },
        shared_rows=len(shared),
        on_shared_rows=_figures([(outcome, ours, theirs) for _, outcome, ours, theirs in shared], thresholds),
        disagreements=len(rows),
        rows=rows[:MOST_DISAGREEMENTS],
    )


def _figures(rows: list[tuple[int, float, float]], thresholds: list[float]) -> dict[str, Pair]:
    if not rows:
        return {}
    outcomes = [outcome for outcome, _, _ in rows]
    sides = [[row[at] for row in rows] for at in (1, 2)]
    found: dict[str, list[float]] = {"log_loss": [], "brier": [], "accuracy": []}
    for side, threshold in zip(sides, thresholds, strict=True):
        pairs = list(zip(outcomes, side, strict=True))
        found["log_loss"].append(-sum(log(_given(y, p)) for y, p in pairs) / len(pairs))
        found["brier"].append(sum((p - y) ** 2 for y, p in pairs) / len(pairs))
        found["accuracy"].append(sum((p > threshold) == (y == 1) for y, p in pairs) / len(pairs))
    return {name: Pair(left=left, right=right) for name, (left, right) in found.items()}


def _given(outcome: int, probability: float) -> float:
    """The probability that was given to what happened, kept away from 0."""
    return min(max(probability if outcome else 1 - probability, _CLIP), 1 - _CLIP)
