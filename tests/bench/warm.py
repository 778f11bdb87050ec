"""A request to a warm function, event in and response out: validation, scoring, log line and id included.

On the built bundle and Lambda's version of Python. Beside it the raw run of the graph on the same passenger,
and the long way through the web framework. In turns, 100 requests each.
"""

from tests.bench.figures import Figures, percentile
from tests.bench.stage import EVENT, Stage

ROUNDS, REQUESTS = 50, 100
HANDLER = "Lifeboat's handler"
_NAMES = {"handler": HANDLER, "long": "  the long way, through FastAPI", "raw": "floor: the graph's raw run"}


def measure(stage: Stage) -> Figures:
    measured = stage.run(
        "warm", stage.bundle("PredictFunction"), EVENT, stage.model, str(ROUNDS), str(REQUESTS)
    )
    figures = Figures("warm", stage.version)
    for subject, name in _NAMES.items():
        figures.add(name, measured["seconds"][subject])
    for subject, name in _NAMES.items():
        figures.note(
            f"99th percentile, us: {name.strip()}", percentile(measured["seconds"][subject], 99) * 1e6
        )
    figures.note("times the floor", figures.median(HANDLER) / figures.median(_NAMES["raw"]))
    figures.note(
        "99th percentile / median", percentile(measured["seconds"]["handler"], 99) / figures.median(HANDLER)
    )
    figures.note("memory after the first request, MiB", measured["kib"]["first"] / 1024)
    figures.note("  after all of these, framework included", measured["kib"]["last"] / 1024)
    figures.print_table("A request to a warm function, us", scale=1e6)
    return figures
