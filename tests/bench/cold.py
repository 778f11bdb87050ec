"""From a new process to the first scored passenger, beside the least that this can take.

The built predict bundle's handler on Lambda's version of Python, the model fetched from an S3 endpoint; the
floor is a bare process that imports numpy and onnxruntime and scores from a local file. In turns, so that
whatever else the machine does meets both alike.
"""

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
        cold = stage.marks("cold", bundle, EVENT)
        floor = stage.marks("floor", bundle, stage.model)
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
