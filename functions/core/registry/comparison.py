"""Two versions side by side: their metrics, and the held-out rows on which they disagree."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from pydantic import BaseModel, Field, ValidationError

from functions.core.base.errors import NotFound, UnusableModel
from functions.core.base.records import Record
from functions.core.registry import versions
from functions.core.registry.keys import holdout_key, sha256
from functions.core.registry.manifest import Manifest
from functions.core.stats.records import Interval
from functions.core.storage.contract import Store

MAX_DISAGREEMENTS = 50
_ON_SHARED_ROWS = ("log_loss", "brier", "accuracy")


class Holdout(Record):
    """Held-out rows and what a version says of them, column by column; None stands for missing.

    All lists have the same length. Of a large holdout it is a sample: the rows whose hashes are smallest,
    so that two versions of the same data hold the same rows.
    """

    features: dict[str, list[Any]]
    outcome: list[int]
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
    """A held-out row to which the two versions give different answers. outcome: 1 is the positive value."""

    row: dict[str, Any]
    outcome: int
    count: int = Field(1, description="How often this row with this outcome was held out")
    left: float = Field(description="Probability by the left version")
    right: float = Field(description="Probability by the right version")


class Comparison(BaseModel):
    """Two versions. `metrics` are of each version's own holdout; the rest is of the rows that both hold."""

    left: str
    right: str
    metrics: dict[str, IntervalPair]
    shared_rows: int
    on_shared_rows: dict[str, Pair]
    disagreements: int = Field(description="Held-out rows; equal ones count as often as they were held out")
    rows: list[Disagreement] = Field(
        description="The disagreements, each once, the farthest apart first, 50 at most"
    )


def read_holdout(store: Store, manifest: Manifest) -> Holdout:
    """Raises `UnusableModel` when the object is missing or not the one that the manifest names."""
    try:
        body = store.get(holdout_key(manifest.version)).body
        if sha256(body) != manifest.files["holdout.json"].sha256:
            raise UnusableModel(f"the holdout of version {manifest.version} does not match its checksum")
        return Holdout.model_validate_json(body)
    except (NotFound, KeyError, ValidationError) as error:
        raise UnusableModel(f"version {manifest.version} has no usable record of its holdout") from error


def compare(store: Store, left: str, right: str) -> Comparison:
    """Set two published versions side by side. Raises `NotFound`, `UnusableModel`."""
    manifests = versions.read_manifest(store, left), versions.read_manifest(store, right)
    shared = _shared_rows(store, *manifests)
    thresholds = [manifest.threshold for manifest in manifests]
    disagreements = [row for row in shared if (row.left > thresholds[0]) != (row.right > thresholds[1])]
    rows = _each_once(disagreements)
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
        on_shared_rows=_figures(shared, thresholds),
        disagreements=len(disagreements),
        rows=rows[:MAX_DISAGREEMENTS],
    )


class _SharedRow(NamedTuple):
    """A row that both versions held out, its outcome, and the probabilities by the left and the right one."""

    row: dict[str, Any]
    outcome: int
    left: float
    right: float


def _shared_rows(store: Store, left: Manifest, right: Manifest) -> list[_SharedRow]:
    """The held-out rows of both versions; none where they predict different things."""
    holdouts = read_holdout(store, left), read_holdout(store, right)
    names = [*holdouts[0].features]
    targets = left.schema_of_rows.target, right.schema_of_rows.target
    if names != [*holdouts[1].features] or not targets[0].agrees_with(targets[1]):
        return []
    # A graph gives equal rows equal probabilities: features are all it takes to find a row's twin.
    by_right = dict(zip(holdouts[1].rows(), holdouts[1].probability, strict=True))
    rows = zip(holdouts[0].rows(), holdouts[0].outcome, holdouts[0].probability, strict=True)
    return [
        _SharedRow(dict(zip(names, row, strict=True)), outcome, chance, by_right[row])
        for row, outcome, chance in rows
        if row in by_right
    ]


def _each_once(rows: Iterable[_SharedRow]) -> list[Disagreement]:
    """Equal rows of one outcome once, with how many there are: one row would else fill the list."""
    disagreements: dict[tuple[Any, ...], Disagreement] = {}
    for row in rows:
        key = (row.outcome, *row.row.values())
        before = disagreements.get(key)
        disagreements[key] = Disagreement(**row._asdict(), count=before.count + 1 if before else 1)
    return list(disagreements.values())


def _figures(rows: list[_SharedRow], thresholds: list[float]) -> dict[str, Pair]:
    if not rows:
        return {}
    # numpy takes as long to import as all else that the function holds: only a comparison waits for it.
    from functions.core.stats.metrics import metrics_of

    outcomes = [row.outcome for row in rows]
    sides = [row.left for row in rows], [row.right for row in rows]
    left, right = (
        metrics_of(outcomes, side, threshold=threshold)
        for side, threshold in zip(sides, thresholds, strict=True)
    )
    return {name: Pair(left=left[name], right=right[name]) for name in _ON_SHARED_ROWS}
