"""What a benchmark measured: medians with their quartiles, printed as a table and kept as JSON."""

import json
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
    """The median and the quartiles of `values`, of which there are two or more."""
    low, _, high = statistics.quantiles(values, n=4)
    return Summary(statistics.median(values), low, high, len(values))


class Figures:
    """The figures of one benchmark, by name, in the order in which they were added."""

    def __init__(self, benchmark: str) -> None:
        self._benchmark = benchmark
        self._rows: dict[str, Summary] = {}
        self._notes: dict[str, float] = {}

    def add(self, name: str, values: Sequence[float]) -> None:
        self._rows[name] = summary(values)

    def note(self, name: str, value: float) -> None:
        """A figure that stands for itself: a ratio, a size, a rate."""
        self._notes[name] = value

    def print_table(self, title: str, *, scale: float = 1000) -> None:
        """The rows as medians with quartiles, times `scale` (1,000 shows seconds in ms)."""
        print(f"\n{title}")
        print(f"{'':<42} median  quartiles          n")
        for name, row in self._rows.items():
            quartiles = f"{row.low * scale:.1f} to {row.high * scale:.1f}"
            print(f"{name:<42} {row.median * scale:6.1f}  {quartiles:<17} {row.count:>3}")
        for name, value in self._notes.items():
            print(f"{name:<42} {value:6.2f}")

    def save(self, file: Path = RESULTS) -> None:
        """Put these figures beside those of the other benchmarks, with the machine they were measured on."""
        try:
            kept: dict[str, Any] = json.loads(file.read_text())
        except FileNotFoundError:
            kept = {}
        kept[self._benchmark] = {
            "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": {"processor": _processor(), "cores": _cores(), "system": platform.platform()},
            "versions": {"python": platform.python_version()} | {name: version(name) for name in _LIBRARIES},
            "rows": {name: asdict(row) for name, row in self._rows.items()},
            "notes": self._notes,
        }
        file.write_text(json.dumps(kept, indent=2) + "\n")


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()


def _cores() -> int:
    import os

    return os.cpu_count() or 1
