"""A request to a warm function, event in and response out: validation, scoring, log line and id included.

On the built bundle and Lambda's version of Python. Beside it the raw run of the graph on the same row, and
the same request through the full app, a web framework. In turns, 100 requests each.
"""

from collections.abc import Sequence
from functools import partial
from statistics import median
from typing import Any

from tests.bench.checkout import Checkout
from tests.bench.figures import Figures, percentile
from tests.bench.stage import Stage
from tests.bench.turns import compare, take_turns

ROUNDS, REQUESTS = 50, 100
# Beside another checkout, that many processes share the rounds.
PROCESSES = 10
TITLE = "A request to a warm function, us"
HANDLER = "Lifeboat's handler"
# By what the scripts of all checkouts call them.
_NAMES = {"handler": HANDLER, "long": "  the full app, FastAPI", "raw": "floor: the graph's raw run"}


def measure(stage: Stage, other: Checkout | None = None) -> Figures:
    """The figures of this checkout; printed beside those of another one, if there is one."""
    checkouts = [stage.checkout(), *filter(None, [other])]
    processes = PROCESSES if other else 1
    here, *there = take_turns(checkouts, partial(take, rounds=ROUNDS // processes), processes)
    version = stage.version
    figures = figures_of(here, version)
    figures.print_table(TITLE, scale=1e6)
    if there:
        figures = compare(here, there[0], lambda turns: figures_of(turns, version), TITLE, scale=1e6)
    return figures


def take(checkout: Checkout, *, rounds: int = ROUNDS) -> dict[str, Any]:
    """The seconds of requests in a process of its own, and its memory: see inside/warm.py."""
    arguments = (checkout.bundle, checkout.event, checkout.model, str(rounds), str(REQUESTS))
    measured: dict[str, Any] = checkout.run("warm", *arguments)
    return measured


def figures_of(turns: Sequence[dict[str, Any]], version: str) -> Figures:
    seconds = {
        subject: [second for turn in turns for second in turn["seconds"][subject]] for subject in _NAMES
    }
    figures = Figures("warm", version)
    for subject, name in _NAMES.items():
        figures.add(name, seconds[subject])
    for subject, name in _NAMES.items():
        figures.note(f"99th percentile, us: {name.strip()}", percentile(seconds[subject], 99) * 1e6)
    figures.note("times the floor", figures.median(HANDLER) / figures.median(_NAMES["raw"]))
    figures.note("99th percentile / median", percentile(seconds["handler"], 99) / figures.median(HANDLER))
    kib = {moment: median(turn["kib"][moment] for turn in turns) for moment in ("first", "last")}
    figures.note("memory after the first request, MiB", kib["first"] / 1024)
    figures.note("  after all of these, framework included", kib["last"] / 1024)
    return figures
