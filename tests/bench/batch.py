"""Many rows in one request, as JSON and as CSV: rows per second, and where the time goes.

Event in, response out, in a warm process on the built bundle and Lambda's version of Python; beside it the
raw run of the graph on the same rows. They are the real passengers, names included, as often as it takes.
"""

import csv
import io
import itertools
import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from tests.bench.checkout import Checkout
from tests.bench.figures import Figures
from tests.bench.stage import Stage
from tests.bench.turns import compare, take_turns
from tests.support.titanic import SCHEMA, TABLE

# Rows, and how often they are sent.
SIZES = {1: 101, 100: 51, 10_000: 21}
KINDS = ("JSON", "CSV")
# Beside another checkout, that many processes share the requests.
PROCESSES = 5
TITLE = "Many rows in one request, rows per second"
_STEPS = {
    "validation": "validation",
    "scoring": "scoring",
    "log": "prediction log",
    "serialisation": "serialisation",
}
# What a row may have: its features, and the name that its title is taken from.
_FIELDS = {*SCHEMA.names, *SCHEMA.sources}

# The seconds of each step, by the name of the case.
Turn = dict[str, dict[str, list[float]]]


def measure(stage: Stage, other: Checkout | None = None) -> Figures:
    """The figures of this checkout; printed beside those of another one, if there is one."""
    checkouts = [stage.checkout(), *filter(None, [other])]
    processes = PROCESSES if other else 1
    cases = stage.scratch / "cases.json"
    kinds = [_case(kind, size, rounds // processes) for size, rounds in SIZES.items() for kind in KINDS]
    cases.write_text(json.dumps(kinds))
    here, *there = take_turns(checkouts, partial(take, cases=cases), processes)
    version = stage.version
    figures = figures_of(here, version)
    figures.print_table(TITLE, scale=1)
    if there:
        figures = compare(here, there[0], lambda turns: figures_of(turns, version), TITLE, scale=1)
    return figures


def take(checkout: Checkout, *, cases: Path) -> Turn:
    """The seconds of the cases in a process of its own: see inside/batch.py."""
    measured: Turn = checkout.run("batch", checkout.bundle, checkout.event, checkout.model, cases)
    return measured


def figures_of(turns: Sequence[Turn], version: str) -> Figures:
    measured = {
        case: {step: [second for turn in turns for second in turn[case][step]] for step in steps}
        for case, steps in turns[0].items()
    }
    figures = Figures("batch", version)
    for size in SIZES:
        for kind in KINDS:
            name = _name(kind, size)
            figures.add(name, [size / seconds for seconds in measured[name]["whole"]])
        raw = [seconds for kind in KINDS for seconds in measured[_name(kind, size)]["raw"]]
        figures.add(f"floor: the graph's raw run, {size:,}", [size / seconds for seconds in raw])
    for kind in KINDS:
        _note_shares(figures, kind, measured[_name(kind, max(SIZES))])
    return figures


def _note_shares(figures: Figures, kind: str, seconds: dict[str, list[float]]) -> None:
    """Where the time of the largest request goes, in percent: by the medians of its steps."""
    parts = Figures("")
    for name, times in seconds.items():
        parts.add(name, times)
    whole = parts.median("whole")
    shares = {label: parts.median(step) / whole * 100 for step, label in _STEPS.items()}
    for label, share in (shares | {"gateway, framework, ids": 100 - sum(shares.values())}).items():
        figures.note(f"{kind}, {max(SIZES):,} rows, %: {label}", share)
    figures.note(f"{kind}, {max(SIZES):,} rows: times the floor", whole / parts.median("raw"))


def _name(kind: str, size: int) -> str:
    return f"{kind}, {size:,} row{'s' * (size > 1)}"


def _case(kind: str, size: int, rounds: int) -> dict[str, Any]:
    with TABLE.open(newline="", encoding="utf-8") as file:
        rows = list(itertools.islice(itertools.cycle(list(csv.DictReader(file))), size))
    content_type = "application/json" if kind == "JSON" else "text/csv"
    return {
        "name": _name(kind, size),
        "body": _as_json(rows) if kind == "JSON" else _as_csv(rows),
        "content_type": content_type,
        "accept": content_type,
        "rounds": rounds,
    }


def _as_json(rows: list[dict[str, str]]) -> str:
    numbers = {field.name for field in SCHEMA.features if field.words is None}
    # The schema's own word for `rows`, which a checkout of before there were schemas knows as well.
    return json.dumps(
        {
            SCHEMA.row_name[1]: [
                {
                    name: (float(cell) if name in numbers else cell) if cell else None
                    for name, cell in row.items()
                    if name in _FIELDS
                }
                for row in rows
            ]
        }
    )


def _as_csv(rows: list[dict[str, str]]) -> str:
    text = io.StringIO()
    names = [name for name in rows[0] if name in _FIELDS]
    writer = csv.DictWriter(text, names, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
