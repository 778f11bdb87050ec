"""Whether passengers, or what the model says of them, are distributed otherwise than the champion expects.

Everything is computed from counts in the champion's own bins (`core.stats.distributions`), the missing
values being a bin like any other. So windows can be added up, and a window of a million rows costs no more
than one of a hundred. With p the shares of the reference and q those of the window, over the bins:

- PSI, the population stability index: sum((q - p) * ln(q / p)), in nats. A share below 0.0001 counts as
  0.0001. Below 0.1 is usually called stable, above 0.25 changed: Siddiqi (2006), "Credit Risk Scorecards",
  Wiley. By chance alone it is about (bins - 1) * (1 / rows + 1 / rows of the reference): Yurdakul (2018),
  "Statistical Properties of Population Stability Index", Western Michigan University.
- Jensen-Shannon divergence: (sum(p * log2(p / m)) + sum(q * log2(q / m))) / 2 with m = (p + q) / 2, in bits,
  0 to 1, zeros count nothing: Lin (1991), IEEE Transactions on Information Theory 37. Many tools show its
  square root, the distance, some of them in nats.
- Pearson's chi-squared test that both counts are samples of one distribution. Bins in which the smaller
  sample would be expected to have fewer than 5 rows are taken together, after Cochran (1954), Biometrics 10.
- p-values are corrected for the number of features by Holm (1979), Scandinavian Journal of Statistics 6: the
  chance of one false alarm or more, over all features of a window, is at most `alpha`.

A feature raises an alarm only when the window has rows enough, the effect (PSI) is large enough to matter,
and the corrected p-value says that it is not chance. The test takes rows for independent of one another: a
client that asks for the same passenger again and again looks like drift, and is.

How many windows raise an alarm, for drift or for their data (`functions.monitor.data_quality`), under the
default limits and against a dataset of 1,309 rows, in percent of 500 simulations each (`make bench-drift`;
`tests/bench/drift.py` says how they are made):

    rows of the window                  100*     300     1,000     5,000    10,000
    the same passengers                    2       0         0         0         0
    the same, after 700 labels             1       1         0         0         0
    3 years older                          4      40        55        44        40
    5 years older                         31      99       100       100       100
    10 years older                       100     100       100       100       100
    third class 10 % of all fewer          7      10         2         3         2
    third class 20 % of all fewer         68      94        98       100       100
    fares higher by a quarter            100     100       100       100       100
    one age in five no longer given       60      95       100       100       100

* Of fewer than 300 rows nothing raises an alarm; this is what would if 100 were enough.

The second line is of a champion that was retrained on labels in the order of the queue, of which those that
stand for all predictions went into its reference (`functions.monitor.thinning`). With all of them in it,
two in three windows of 1,000 rows would raise an alarm. What does not matter is not found on many rows
either: this is what the limit of PSI is for. With 0.05 in place of 0.1, 3 years are found in 96 % of
windows of 1,000 rows and the 10 % of third class in 42, and the same passengers raise an alarm in up to
0.8, by their rows.
"""

from collections.abc import Mapping, Sequence
from math import erfc, exp, pi, sqrt

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from functions.core.base.records import Record
from functions.core.stats.records import Distribution, Tally

Floats = npt.NDArray[np.float64]

SMALLEST_SHARE = 1e-4
FEWEST_EXPECTED = 5


class DriftLimits(BaseModel):
    """What it takes for a feature to be said to drift: all three."""

    model_config = ConfigDict(frozen=True)

    min_rows: int = Field(300, ge=1, description="rows of a window below which nothing raises an alarm")
    min_psi: float = Field(0.1, gt=0, description="PSI from which a difference matters")
    alpha: float = Field(
        0.01, gt=0, lt=1, description="chance of a false alarm of the tests together, each window"
    )


class FeatureDrift(Record):
    """How far one feature of a window lies from the reference."""

    rows: int
    psi: float = Field(ge=0, description="Population stability index, in nats")
    js: float = Field(ge=0, le=1, description="Jensen-Shannon divergence, in bits")
    statistic: float = Field(ge=0, description="Pearson's chi-squared")
    degrees: int = Field(ge=0, description="Degrees of freedom of the statistic")
    p_value: float = Field(ge=0, le=1)
    p_corrected: float = Field(ge=0, le=1, description="The p-value after Holm, for the number of features")
    alarm: bool


def feature_drift(
    reference: Mapping[str, Distribution], window: Mapping[str, Tally], limits: DriftLimits
) -> dict[str, FeatureDrift]:
    """Every feature of `reference` in a window, and the predicted probability; empty for an empty window.

    window: counted by `core.stats.distributions.tally` into the same bins. Raises `ValueError` when it was
    counted into others, those of another champion.
    """
    pairs = {name: _pair(name, known, window[name]) for name, known in reference.items()}
    pairs = {name: (old, new) for name, (old, new) in pairs.items() if old.any() and new.any()}
    tests = {name: homogeneity(old, new) for name, (old, new) in pairs.items()}
    corrected = dict(zip(tests, holm([p for _, _, p in tests.values()]), strict=True))
    found: dict[str, FeatureDrift] = {}
    for name, (old, new) in pairs.items():
        rows, index = int(new.sum()), psi(old, new)
        statistic, degrees, p_value = tests[name]
        found[name] = FeatureDrift(
            rows=rows,
            psi=index,
            js=jensen_shannon(old, new),
            statistic=statistic,
            degrees=degrees,
            p_value=p_value,
            p_corrected=corrected[name],
            alarm=rows >= limits.min_rows and index >= limits.min_psi and corrected[name] < limits.alpha,
        )
    return found


def _pair(name: str, reference: Distribution, window: Tally) -> tuple[Floats, Floats]:
    if len(reference.counts) != len(window.counts):
        raise ValueError(
            f"{name} was counted in {len(window.counts)} bins, the reference has {len(reference.counts)}: "
            "a window is counted again when the champion changes"
        )
    return np.array(reference.counts, dtype=np.float64), np.array(window.counts, dtype=np.float64)


def psi(reference: Floats, window: Floats) -> float:
    """The population stability index in nats, of counts [B] of which neither is all zero."""
    p = np.maximum(reference / reference.sum(), SMALLEST_SHARE)
    q = np.maximum(window / window.sum(), SMALLEST_SHARE)
    return float(np.sum((q - p) * np.log(q / p)))


def jensen_shannon(reference: Floats, window: Floats) -> float:
    """The Jensen-Shannon divergence in bits, 0 to 1, of counts [B] of which neither is all zero."""
    p, q = reference / reference.sum(), window / window.sum()
    middle = (p + q) / 2
    halves = [(part[part > 0], middle[part > 0]) for part in (p, q)]
    bits = sum(float(np.sum(share * np.log2(share / mean))) for share, mean in halves)
    return min(max(bits / 2, 0.0), 1.0)


def homogeneity(reference: Floats, window: Floats) -> tuple[float, int, float]:
    """Pearson's chi-squared test that two counts [B] are samples of one distribution.

    Returns the statistic, its degrees of freedom and the p-value. Where no two bins are left after the rare
    ones were taken together, nothing can be told: 0, 0 and 1.
    """
    counts = np.array([reference, window])
    sizes, totals = counts.sum(axis=1), counts.sum(axis=0)
    least_expected = totals * sizes.min() / sizes.sum()
    rare = int(np.sum(least_expected < FEWEST_EXPECTED))
    order = np.argsort(totals, kind="stable")
    # What is still rare taken together joins the next rarest.
    if least_expected[order[:rare]].sum() < FEWEST_EXPECTED:
        rare += 1
    counts = np.hstack([counts[:, order[:rare]].sum(axis=1, keepdims=True), counts[:, order[rare:]]])
    counts = counts[:, counts.any(axis=0)]
    degrees = counts.shape[1] - 1
    expected = np.outer(sizes, counts.sum(axis=0)) / sizes.sum()
    statistic = float(np.sum((counts - expected) ** 2 / expected)) if degrees else 0.0
    return statistic, degrees, chi_squared_tail(statistic, degrees)


def chi_squared_tail(statistic: float, degrees: int) -> float:
    """The chance that chi-squared with so many degrees of freedom is `statistic` or more.

    A finite sum, because the degrees are a whole number: Abramowitz & Stegun (1964), "Handbook of
    Mathematical Functions", 26.4.4 and 26.4.5.
    """
    if degrees == 0:
        return 1.0
    half = statistic / 2
    if degrees % 2:
        tail, term, exponent = erfc(sqrt(half)), 2 * sqrt(half / pi) * exp(-half), 1.5
    else:
        tail, term, exponent = 0.0, exp(-half), 1.0
    for _ in range(degrees // 2):
        tail += term
        term *= half / exponent
        exponent += 1
    return min(tail, 1.0)


def holm(p_values: Sequence[float]) -> list[float]:
    """Each p-value as it counts when one looks at all of them, in the same order."""
    order = np.argsort(p_values, kind="stable")
    factors = np.arange(len(p_values), 0, -1)
    raised = np.minimum(np.maximum.accumulate(np.array(p_values)[order] * factors), 1)
    corrected = np.empty_like(raised)
    corrected[order] = raised
    found: list[float] = corrected.tolist()
    return found
