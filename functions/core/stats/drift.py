"""Whether two counts over the same bins are samples of one distribution, and how far apart they lie.

With p the shares of the reference and q those of the window, over the bins:

- PSI, the population stability index: sum((q - p) * ln(q / p)), in nats. A share below 0.0001 counts as
  0.0001. Below 0.1 is usually called stable, above 0.25 changed: Siddiqi (2006), "Credit Risk Scorecards",
  Wiley. By chance alone it is about (bins - 1) * (1 / rows + 1 / rows of the reference): Yurdakul (2018),
  "Statistical Properties of Population Stability Index", Western Michigan University.
- Jensen-Shannon divergence: (sum(p * log2(p / m)) + sum(q * log2(q / m))) / 2 with m = (p + q) / 2, in bits,
  0 to 1, zeros count nothing: Lin (1991), IEEE Transactions on Information Theory 37. Many tools show its
  square root, the distance, some of them in nats.
- Pearson's chi-squared test that both counts are samples of one distribution. Bins in which the smaller
  sample would be expected to have fewer than 5 rows are taken together, after Cochran (1954), Biometrics 10.
"""

from collections.abc import Sequence
from math import erfc, exp, pi, sqrt
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

MIN_SHARE: Final = 1e-4
MIN_EXPECTED: Final = 5


def psi(reference: Floats, window: Floats) -> float:
    """The population stability index in nats, of counts [B] of which neither is all zero."""
    p = np.maximum(reference / reference.sum(), MIN_SHARE)
    q = np.maximum(window / window.sum(), MIN_SHARE)
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
    rare = int(np.sum(least_expected < MIN_EXPECTED))
    order = np.argsort(totals, kind="stable")
    # What is still rare taken together joins the next rarest.
    if least_expected[order[:rare]].sum() < MIN_EXPECTED:
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
    """Each p-value as it counts when one looks at all of them, in the same order.

    The chance of one false alarm or more is at most the level at which they are judged: Holm (1979),
    Scandinavian Journal of Statistics 6.
    """
    order = np.argsort(p_values, kind="stable")
    factors = np.arange(len(p_values), 0, -1)
    raised = np.minimum(np.maximum.accumulate(np.array(p_values)[order] * factors), 1)
    corrected = np.empty_like(raised)
    corrected[order] = raised
    values: list[float] = corrected.tolist()
    return values
