"""What a run found, as it is kept in the store and answered over HTTP."""

from typing import Literal

from pydantic import Field

from functions.core.base.records import Moment, Record
from functions.core.stats.records import Interval
from functions.monitor.data_quality import DataQuality
from functions.monitor.drift import DriftLimits, FeatureDrift
from functions.monitor.quality import Quality
from functions.monitor.refused import Refused


class Counted(Record):
    """What was read since the window before this one was complete."""

    rows: int = Field(description="Predictions of the champion")
    of_other_versions: int
    first: Moment | None
    last: Moment | None
    complete: bool = Field(description="Whether it has rows enough to be judged; the next one begins empty")


class Drift(Record):
    """The last complete window of this champion, held against the data it was made from."""

    rows: int
    first: Moment | None
    last: Moment | None
    features: dict[str, FeatureDrift]
    limits: DriftLimits | None = Field(
        None, description="What it was judged by; null in reports of releases that did not keep it"
    )
    drifted: list[str]
    in_a_row: int = Field(description="Complete windows in a row in which something drifted")
    confirmed: bool = Field(description="At least two: chance seldom does that")
    data: DataQuality
    expected: Quality | None = Field(description="What the metrics would be if every probability were right")


class LiveQuality(Record):
    """How good the champion is on those of its predictions whose outcome was reported."""

    labels: int
    effective_rows: float = Field(
        description="As many labels, drawn at random, would tell as much: those of the queue tell less"
    )
    quality: Quality | None = Field(
        description="Null with too few labels (`LIFEBOAT_MIN_LABELS`), and with fewer than 30 effective rows"
    )
    represented: float = Field(description="Share of its predictions that have labelled ones like them")
    holdout: dict[str, Interval]
    judged: list[str] | None = Field(
        None,
        description="Metrics that are held against the holdout's: none where there is no quality, or too few "
        "predictions are represented; null in reports of releases that did not keep it",
    )
    fallen: list[str] = Field(
        description="Metrics that are worse than on the holdout, not by chance; none while less than 0.95 "
        "of the predictions are represented"
    )


Reason = Literal["request", "drift", "quality", "weekly"]


class Training(Record):
    """Whether another model is due, and what was done about it."""

    reason: Reason | None = Field(description="Null when none is due")
    outcome: Literal["not due", "uploaded", "unchanged", "held"]
    why: str
    dataset: str | None = Field(None, description="The dataset that was uploaded: the retrain does the rest")
    labels: int | None = Field(None, description="Labelled predictions in that dataset")
    not_vouched: dict[str, int] = Field(
        {},
        description="Of these, by key, those not reported with an admin key: a share of them counts",
    )


class Report(Record):
    """One run that found something new. Sequence numbers of a model run from 1 without a gap."""

    model: str
    sequence: int = Field(ge=1, le=99_999_999)
    at: Moment
    champion: str
    promotion: int = Field(description="Number of the promotion that brought the champion into service")
    counted: Counted
    damaged_lines: int = Field(
        description="Lines of the log that could not be read, or do not fit the champion's schema"
    )
    drift: Drift | None = Field(description="Null until the champion has a complete window")
    refused: Refused | None = Field(
        None, description="As it was last judged; null until there were rows enough"
    )
    live: LiveQuality
    training: Training
