"""What a benchmark measured: medians with their quartiles, printed as a table and kept as JSON."""

import json
import math
import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results.json"
_LIBRARIES = ("fastapi", "mangum", "numpy", "onnxruntime", "pydantic", "scikit-learn")


@dataclass(frozen=True, slots=True)
class Summary:
    """Of a number of measurements, all in one unit."""

    median: float
    low: float
    high: float
    count: int


def summary(values: Sequence[float]) -> Summary:
    """The median and the quartiles of `values`; of a single one, that is all three."""
    low, _, high = statistics.quantiles(values, n=4) if len(values) > 1 else [*values] * 3
    return Summary(statistics.median(values), low, high, len(values))


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest of `values` that `percent` (0 to 100) of them do not exceed."""
    return sorted(values)[max(0, math.ceil(len(values) * percent / 100) - 1)]


class Figures:
    """The figures of one benchmark, by name, in the order in which they were added.

    python: the version that the subject ran on, where that is not the one that measures.
    """

    def __init__(self, benchmark: str, python: str = platform.python_version()) -> None:
        self._benchmark = benchmark
        self._python = python
        self._rows: dict[str, Summary] = {}
        self._notes: dict[str, float] = {}

    def add(self, name: str, values: Sequence[float]) -> None:
        self._rows[name] = summary(values)

    def note(self, name: str, value: float) -> None:
        """A figure that stands for itself: a ratio, a size, a rate."""
        self._notes[name] = value

    @property
    def rows(self) -> list[str]:
        """The names of the rows."""
        return list(self._rows)

    @property
    def notes(self) -> list[str]:
        """The names of the notes."""
        return list(self._notes)

    def median(self, name: str) -> float:
        """The median of the row of that name."""
        return self._rows[name].median

    def noted(self, name: str) -> float:
        """The note of that name."""
        return self._notes[name]

    def print_table(self, title: str, *, scale: float = 1000) -> None:
        """The rows as medians with quartiles, times `scale` (1,000 shows seconds in ms)."""
        print(f"\n{title}")
        if self._rows:
            print(f"{'':<44}    median  quartiles                n")
        for name, row in self._rows.items():
            quartiles = f"{row.low * scale:,.1f} to {row.high * scale:,.1f}"
            print(f"{name:<44} {row.median * scale:9,.1f}  {quartiles:<21} {row.count:>4}")
        for name, value in self._notes.items():
            print(f"{name:<44} {value:9,.2f}")

    def save(self) -> None:
        """Put these figures beside those of the other benchmarks, with the machine they were measured on."""
        try:
            kept: dict[str, Any] = json.loads(RESULTS.read_text())
        except FileNotFoundError:
            kept = {}
        kept[self._benchmark] = {
            "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": {"processor": _processor(), "cores": os.cpu_count(), "system": platform.platform()},
            "versions": {"python": self._python} | {name: version(name) for name in _LIBRARIES},
            "rows": {name: asdict(row) for name, row in self._rows.items()},
            "notes": self._notes,
        }
        RESULTS.write_text(json.dumps(kept, indent=2) + "\n")


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()
