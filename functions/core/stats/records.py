"""Estimates and distributions as they are recorded: without numpy, which not every bundle holds."""

from typing import Self

from pydantic import Field, model_validator

from functions.core.base.records import Count, Record


class Interval(Record):
    """An estimate with the ends of its 95 % interval."""

    value: float
    low: float
    high: float


class Distribution(Record):
    """How often a value of each kind occurred: what drift is measured against.

    A number's bins lie between `edges`, left-open and right-closed, so they are one more than the edges; a
    category's bins are `categories`. The last of `counts` is that of the missing values.
    """

    edges: list[float] | None = Field(None, description="Of a number: inner edges, ascending")
    categories: list[str] | None = None
    counts: list[Count] = Field(description="Rows in each bin, then rows without a value")
    least: float | None = Field(None, description="Of a number: the smallest value")
    most: float | None = Field(None, description="Of a number: the largest value")

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        edges, categories = self.edges or [], self.categories
        if sorted(set(edges)) != edges:
            raise ValueError("edges are ascending")
        bins = len(edges) + 1 if categories is None else len(categories)
        if len(self.counts) != bins + 1:
            raise ValueError(f"there are {bins} bins, and one count for each, and for the missing")
        if (self.least is None) != (self.most is None):
            raise ValueError("there is a smallest value and a largest, or neither")
        return self

    @property
    def rows(self) -> int:
        return sum(self.counts)


class Tally(Record):
    """Rows of a window in the bins of a `Distribution`. Tallies of two windows are added bin by bin.

    outside: how many numbers were below the smallest or above the largest of the distribution.
    """

    counts: list[Count]
    outside: Count = 0

    @property
    def rows(self) -> int:
        return sum(self.counts)

    def __add__(self, other: "Tally") -> "Tally":
        counts = [count + others for count, others in zip(self.counts, other.counts, strict=True)]
        return Tally(counts=counts, outside=self.outside + other.outside)


class RocPoint(Record):
    """What shares of both outcomes are told to be positive when that begins at a threshold."""

    false_positive_rate: float = Field(
        ge=0, le=1, description="Share of the negative rows told to be positive"
    )
    true_positive_rate: float = Field(
        ge=0, le=1, description="Share of the positive rows told to be positive"
    )
    threshold: float | None = Field(
        description="The probability from which rows are told to be positive; null where none is"
    )


class CalibrationBin(Record):
    """Rows that were given about the same probability, and what share of them was positive."""

    probability: float = Field(ge=0, le=1, description="The mean of what they were given")
    share: Interval = Field(description="Share that was positive, with its 95 % interval (Wilson)")
    rows: Count


class MeanContributions(Record):
    """How far each feature moves the probability, over a sample of rows, in Shapley values.

    mean_absolute: of each feature, the mean of the absolute contributions, 0 to 1. `is_sampled`: they are
    estimates from some orders of the features, else exact.
    """

    rows: Count = Field(description="Held-out rows that were explained")
    base_probability: float = Field(description="The mean probability that contributions are counted from")
    mean_absolute: dict[str, float]
    is_sampled: bool
