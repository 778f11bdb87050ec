"""From a new process to the first scored passenger, beside the least that this can take.

The built predict bundle's handler on Lambda's version of Python, the model fetched from an S3 endpoint; the
floor is a bare process that imports numpy and onnxruntime and scores from a local file. In turns, so that
whatever else the machine does meets both alike.
"""

import time
from pathlib import Path
from typing import Any

from tests.bench.figures import Figures
from tests.bench.stage import EVENT, Stage

ROUNDS = 15
TOTAL = "Lifeboat, cold"
_FLOOR = "floor: numpy, onnxruntime, a local file"


def measure(stage: Stage) -> Figures:
    bundle = stage.bundle("PredictFunction")
    totals, floors = [], []
    parts: dict[str, list[float]] = {}
    for round_ in range(ROUNDS + 1):
        cold = _seconds_to_marks(stage, "cold", bundle, EVENT)
        floor = _seconds_to_marks(stage, "floor", bundle, stage.model)
        if round_ == 0:
            # The first ones read from the disk, the others from memory.
            continue
        totals.append(max(cold.values()))
        floors.append(max(floor.values()))
        before = 0.0
        for part, at in cold.items():
            parts.setdefault(part, []).append(at - before)
            before = at
    figures = Figures("cold", stage.version)
    figures.add(TOTAL, totals)
    for part, seconds in parts.items():
        figures.add(f"  {part}", seconds)
    figures.add(_FLOOR, floors)
    figures.note("times the floor", figures.median(TOTAL) / figures.median(_FLOOR))
    figures.print_table("From a new process to the first scored passenger, ms")
    return figures


def _seconds_to_marks(stage: Stage, script: str, *arguments: Path) -> dict[str, float]:
    """The seconds from the start of the process to each of the moments that it prints."""
    began = time.monotonic()
    marks: dict[str, Any] = stage.run(script, *arguments)
    return {part: at - began for part, at in marks.items()}
