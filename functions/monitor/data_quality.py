"""Whether a window holds what the champion's dataset held: gaps, categories, ranges."""

from collections.abc import Mapping

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from functions.core.base.records import Record
from functions.core.schema.passenger import FEATURES
from functions.core.stats.records import Distribution, Tally
from functions.monitor.drift import homogeneity


class DataLimits(BaseModel):
    """What may be otherwise than in the dataset before it raises an alarm. Shares are 0 to 1."""

    model_config = ConfigDict(frozen=True)

    min_rows: int = Field(300, ge=1, description="rows of a window below which nothing raises an alarm")
    missing_change: float = Field(0.1, gt=0, le=1, description="change of the share of missing values")
    most_unknown: float = Field(
        0.05, gt=0, le=1, description="share of values in no category, or outside the range, of the dataset"
    )
    alpha: float = Field(0.001, gt=0, lt=1, description="p-value below which a change is not chance")


class FeatureData(Record):
    """One feature of a window beside the same feature of the dataset."""

    missing: float = Field(description="Share of rows without a value")
    missing_in_dataset: float
    unseen: dict[str, int] = Field({}, description="Rows of each category that the dataset has no row of")
    outside: int = Field(0, description="Numbers below the dataset's smallest or above its largest")


class DataQuality(Record):
    """What came in a window, feature by feature. `alarms` are sentences."""

    rows: int
    features: dict[str, FeatureData]
    alarms: list[str]


def data_quality(
    reference: Mapping[str, Distribution], window: Mapping[str, Tally], limits: DataLimits
) -> DataQuality:
    """What came in a window, by the bins of the champion's dataset.

    reference, window: as in `functions.monitor.drift.feature_drift`.
    """
    rows = max((tally.rows for tally in window.values()), default=0)
    features = {name: _feature(reference[name], window[name]) for name in FEATURES}
    alarms = []
    for name, found in features.items():
        if window[name].rows >= limits.min_rows:
            alarms += _alarms(name, found, reference[name], window[name], limits)
    return DataQuality(rows=rows, features=features, alarms=alarms)


def _feature(reference: Distribution, window: Tally) -> FeatureData:
    counted = zip(reference.categories or [], reference.counts, window.counts, strict=False)
    return FeatureData(
        missing=_missing(window.counts),
        missing_in_dataset=_missing(reference.counts),
        unseen={category: now for category, before, now in counted if now and not before},
        outside=window.outside,
    )


def _missing(counts: list[int]) -> float:
    return counts[-1] / max(sum(counts), 1)


def _alarms(
    name: str, found: FeatureData, reference: Distribution, window: Tally, limits: DataLimits
) -> list[str]:
    alarms = []
    gaps = [np.array([counts[-1], sum(counts[:-1])], float) for counts in (reference.counts, window.counts)]
    *_, p_value = homogeneity(*gaps)
    if abs(found.missing - found.missing_in_dataset) > limits.missing_change and p_value < limits.alpha:
        alarms.append(
            f"{name} is missing in {found.missing:.0%} of rows, {found.missing_in_dataset:.0%} before"
        )
    unseen = sum(found.unseen.values())
    if unseen > limits.most_unknown * window.rows:
        alarms.append(
            f"{name} is {' or '.join(found.unseen)} in {unseen:,} rows, which the dataset never has"
        )
    if found.outside > limits.most_unknown * window.rows:
        least, most = reference.least, reference.most
        alarms.append(
            f"{name} lies outside {least:g} to {most:g}, the dataset's range, in {found.outside:,} rows"
        )
    return alarms
