"""The power of the drift alarm for a number of which many rows have the same value, by simulation.

Part of `make bench-drift`. Each simulation draws a reference of 1,309 rows and windows of the same
number, or of it as it is changed, which are judged as the only feature, under the limits that are given.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from functions.core.stats.distributions import of_numbers, tally
from functions.monitor.drift import DriftLimits, feature_drift

Floats = npt.NDArray[np.float64]
Draw = Callable[[np.random.Generator, int], Floats]

SIZES = (300, 1_000, 5_000)
REFERENCE_ROWS = 1_309


def _of(values: list[float], shares: list[float]) -> Draw:
    return lambda random, rows: random.choice(values, size=rows, p=shares)


def _heavy(at: float, share: float, beside: Callable[[Floats], Floats]) -> Draw:
    """`at` in that share of rows, and in the others what `beside` makes of lognormal numbers."""

    def draw(random: np.random.Generator, rows: int) -> Floats:
        others = beside(random.lognormal(size=rows))
        return np.where(random.random(rows) < share, at, others)

    return draw


def _around(numbers: Floats) -> Floats:
    return np.where(np.arange(len(numbers)) % 2 == 0, numbers, -numbers)


CASES: dict[str, tuple[Draw, dict[str, Draw]]] = {
    "constant": (
        _of([3], [1]),
        {"1 % have another value": _of([3, 4], [0.99, 0.01]), "5 %": _of([3, 4], [0.95, 0.05])},
    ),
    "yes or no, half each": (
        _of([0, 1], [0.5, 0.5]),
        {"yes in 60 %": _of([0, 1], [0.4, 0.6]), "yes in 70 %": _of([0, 1], [0.3, 0.7])},
    ),
    "largest of three in 92 %": (
        _of([1, 2, 3], [0.04, 0.04, 0.92]),
        {
            "in 82 %": _of([1, 2, 3], [0.09, 0.09, 0.82]),
            "in 72 %": _of([1, 2, 3], [0.14, 0.14, 0.72]),
            "the others all 1": _of([1, 3], [0.08, 0.92]),
        },
    ),
    "smallest in 92 %": (
        _heavy(0, 0.92, lambda numbers: numbers),
        {
            "in 82 %": _heavy(0, 0.82, lambda numbers: numbers),
            "the others below it": _heavy(0, 0.92, lambda numbers: -numbers),
        },
    ),
    "largest in 92 %": (
        _heavy(0, 0.92, lambda numbers: -numbers),
        {
            "in 82 %": _heavy(0, 0.82, lambda numbers: -numbers),
            "the others above it": _heavy(0, 0.92, lambda numbers: numbers),
        },
    ),
    "in the middle in 92 %": (
        _heavy(0, 0.92, _around),
        {
            "in 82 %": _heavy(0, 0.82, _around),
            "the others all below it": _heavy(0, 0.92, lambda numbers: -numbers),
        },
    ),
}


def _alarms(seed: int, known: Draw, comes: Draw, rows: int, limits: DriftLimits) -> bool:
    random = np.random.default_rng(seed)
    reference = {"x": of_numbers(known(random, REFERENCE_ROWS))}
    window = tally(reference, {"x": comes(random, rows).tolist()})
    return feature_drift(reference, window, limits)["x"].alarm


def table(simulations: int, limits: DriftLimits) -> str:
    """The share of windows that raise an alarm, by case and by rows."""
    lines = [f"The same, of one number with ties:\n\n{'':34}" + "".join(f"{rows:>9,}" for rows in SIZES)]
    for case, (known, changes) in CASES.items():
        for name, comes in {case: known, **changes}.items():
            raised = [
                sum(_alarms(seed, known, comes, rows, limits) for seed in range(simulations)) / simulations
                for rows in SIZES
            ]
            indent = "" if name == case else "  "
            lines.append(f"{indent + name:34}" + "".join(f"{share:>9.1%}" for share in raised))
    return "\n".join(lines)
