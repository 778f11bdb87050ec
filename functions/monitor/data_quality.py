"""Whether a window holds what the champion's dataset held: gaps, categories, ranges."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from pydantic import Field

from functions.core.base.records import Record
from functions.core.stats.drift import homogeneity
from functions.core.stats.records import Distribution, Tally


@dataclass(frozen=True, slots=True)
class DataLimits:
    """What may be otherwise than in the dataset before it raises an alarm. Shares are 0 to 1.

    min_rows: rows of a window below which nothing raises an alarm. missing_change: change of the share of
    missing values. max_unknown: share of values in no category, or outside the range, of the dataset. alpha:
    p-value below which a change is not chance.
    """

    min_rows: int = 300
    missing_change: float = 0.1
    max_unknown: float = 0.05
    alpha: float = 0.001


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

    reference, window: as in `functions.monitor.drift.feature_drift`; the probability is no data.
    """
    rows = max((tally.rows for tally in window.values()), default=0)
    features = {
        name: _feature(known, window[name]) for name, known in reference.items() if name != "probability"
    }
    alarms = []
    for name, feature in features.items():
        if window[name].rows >= limits.min_rows:
            alarms += _alarms(name, feature, reference[name], window[name], limits)
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
    name: str, feature: FeatureData, reference: Distribution, window: Tally, limits: DataLimits
) -> list[str]:
    alarms = []
    gaps = [np.array([counts[-1], sum(counts[:-1])], float) for counts in (reference.counts, window.counts)]
    *_, p_value = homogeneity(*gaps)
    if abs(feature.missing - feature.missing_in_dataset) > limits.missing_change and p_value < limits.alpha:
        alarms.append(
            f"{name} is missing in {feature.missing:.0%} of rows, {feature.missing_in_dataset:.0%} before"
        )
    unseen = sum(feature.unseen.values())
    if unseen > limits.max_unknown * window.rows:
        alarms.append(
            f"{name} is {' or '.join(feature.unseen)} in {unseen:,} rows, which the dataset never has"
        )
    if feature.outside > limits.max_unknown * window.rows:
        least, most = reference.least, reference.most
        alarms.append(
            f"{name} lies outside {least:g} to {most:g}, the dataset's range, in {feature.outside:,} rows"
        )
    return alarms
