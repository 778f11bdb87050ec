"""From a new process to the first scored row, beside the least that this can take.

The built predict bundle's handler on Lambda's version of Python, the model fetched from an S3 endpoint; the
floor is a bare process that imports numpy and onnxruntime and scores from a local file. In turns, so that
whatever else the machine does meets both alike.
"""

from collections.abc import Sequence
from typing import NamedTuple

from tests.bench.checkout import Checkout
from tests.bench.figures import Figures
from tests.bench.stage import Stage
from tests.bench.turns import compare, take_turns

ROUNDS = 15
TITLE = "From a new process to the first scored row, ms"
TOTAL = "Lifeboat, cold"
FLOOR = "floor: numpy, onnxruntime, a local file"


class Turn(NamedTuple):
    """The seconds from the start of a process to the end of each part: the function's, and the floor's."""

    cold: dict[str, float]
    floor: dict[str, float]


def measure(stage: Stage, other: Checkout | None = None) -> Figures:
    """The figures of this checkout; printed beside those of another one, if there is one."""
    checkouts = [stage.checkout(), *filter(None, [other])]
    # The first ones read from the disk, the others from memory.
    here, *there = (turns[1:] for turns in take_turns(checkouts, take, ROUNDS + 1))
    version = stage.version
    figures = figures_of(here, version)
    figures.print_table(TITLE)
    if there:
        figures = compare(here, there[0], lambda turns: figures_of(turns, version), TITLE)
    return figures


def take(checkout: Checkout) -> Turn:
    return Turn(
        checkout.marks("cold", checkout.bundle, checkout.event),
        checkout.marks("floor", checkout.bundle, checkout.model),
    )


def figures_of(turns: Sequence[Turn], version: str) -> Figures:
    parts: dict[str, list[float]] = {}
    for turn in turns:
        before = 0.0
        for part, moment in turn.cold.items():
            parts.setdefault(part, []).append(moment - before)
            before = moment
    figures = Figures("cold", version)
    figures.add(TOTAL, [max(turn.cold.values()) for turn in turns])
    for part, seconds in parts.items():
        figures.add(f"  {part}", seconds)
    figures.add(FLOOR, [max(turn.floor.values()) for turn in turns])
    figures.note("times the floor", figures.median(TOTAL) / figures.median(FLOOR))
    return figures
