"""Many passengers in one request, as JSON and as CSV: rows per second, and where the time goes.

Event in, response out, in a warm process on the built bundle and Lambda's version of Python; beside it the
raw run of the graph on the same rows. They are the real passengers, names included, as often as it takes.
"""

import csv
import io
import itertools
import json
from typing import Any

from functions.core.schema.passenger import Passenger

from tests.bench.figures import Figures
from tests.bench.stage import EVENT, TITANIC, Stage

# Rows, and how often they are sent.
SIZES = {1: 101, 100: 51, 10_000: 21}
_STEPS = {
    "validation": "validation",
    "scoring": "scoring",
    "log": "prediction log",
    "serialisation": "serialisation",
}


def measure(stage: Stage) -> Figures:
    cases = stage.scratch / "cases.json"
    cases.write_text(json.dumps([_case(kind, size) for size in SIZES for kind in ("JSON", "CSV")]))
    measured = stage.run("batch", stage.bundle("PredictFunction"), EVENT, stage.model, cases)
    figures = Figures("batch", stage.version)
    for size in SIZES:
        for kind in ("JSON", "CSV"):
            name = _name(kind, size)
            figures.add(name, [size / seconds for seconds in measured[name]["whole"]])
        raw = [seconds for kind in ("JSON", "CSV") for seconds in measured[_name(kind, size)]["raw"]]
        figures.add(f"floor: the graph's raw run, {size:,}", [size / seconds for seconds in raw])
    for kind in ("JSON", "CSV"):
        _note_shares(figures, kind, measured[_name(kind, max(SIZES))])
    figures.print_table("Many passengers in one request, rows per second", scale=1)
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


def _case(kind: str, size: int) -> dict[str, Any]:
    with TITANIC.open(newline="", encoding="utf-8") as file:
        rows = list(itertools.islice(itertools.cycle(list(csv.DictReader(file))), size))
    content_type = "application/json" if kind == "JSON" else "text/csv"
    return {
        "name": _name(kind, size),
        "body": _as_json(rows) if kind == "JSON" else _as_csv(rows),
        "content_type": content_type,
        "accept": content_type,
        "rounds": SIZES[size],
    }


def _as_json(rows: list[dict[str, str]]) -> str:
    numbers = {"pclass", "age", "sibsp", "parch", "fare"}
    return json.dumps(
        {
            "passengers": [
                {
                    name: (float(cell) if name in numbers else cell) if cell else None
                    for name, cell in row.items()
                    if name in Passenger.model_fields
                }
                for row in rows
            ]
        }
    )


def _as_csv(rows: list[dict[str, str]]) -> str:
    text = io.StringIO()
    names = [name for name in rows[0] if name in Passenger.model_fields]
    writer = csv.DictWriter(text, names, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
