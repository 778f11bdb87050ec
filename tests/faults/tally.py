"""What became of requests, by fault and function: made, answered, failed with which codes, lost."""

from collections import Counter
from dataclasses import dataclass, field

LOST = 0
"""The status of a request that got no answer: the function died, or was killed because it was too slow."""


@dataclass
class Fates:
    """Of the requests to one function under one fault: how often each status came."""

    statuses: Counter[int] = field(default_factory=Counter)

    @property
    def made(self) -> int:
        return self.statuses.total()

    @property
    def answered(self) -> int:
        return sum(count for status, count in self.statuses.items() if 200 <= status < 300)

    @property
    def lost(self) -> int:
        return self.statuses[LOST]

    @property
    def failed(self) -> dict[int, int]:
        return {
            status: count
            for status, count in sorted(self.statuses.items())
            if not (status == LOST or 200 <= status < 300)
        }


class Tally:
    """All of a run."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], Fates] = {}
        self.notes: list[str] = []

    def of(self, fault: str, function: str) -> Fates:
        return self._rows.setdefault((fault, function), Fates())

    def lines(self) -> list[str]:
        """A table for people; the last line adds all up."""
        row = "{:<34} {:<10} {:>6} {:>9} {:>7} {:>5}  {}".format
        lines = [row("fault", "function", "made", "answered", "failed", "lost", "with")]
        for (fault, function), fates in self._rows.items():
            codes = ", ".join(f"{count} x {status}" for status, count in fates.failed.items())
            failed = sum(fates.failed.values())
            lines.append(row(fault, function, fates.made, fates.answered, failed, fates.lost, codes))
        rows = self._rows.values()
        failed = sum(sum(fates.failed.values()) for fates in rows)
        sums = [sum(getattr(fates, name) for fates in rows) for name in ("made", "answered", "lost")]
        return [*lines, row("all", "", sums[0], sums[1], failed, sums[2], ""), *self.notes]
