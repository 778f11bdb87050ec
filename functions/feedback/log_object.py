"""An object of the prediction log as a process keeps it: its bytes, and of each prediction what ranks it.

As objects of Python, records take five times the memory of their lines. So a line is checked when it is read,
the little that every request asks of it is kept in arrays, and the record is made again for the few
predictions that an answer is about.
"""

import re
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from pydantic import ValidationError

from functions.core.base.ids import MODEL
from functions.core.predictions.records import PredictionRecord, Value, parse_line, parse_refusal

# What names another model is not ours to parse: of fifty models in one log, that is most of it.
_NAMES_A_MODEL = re.compile(rf'"model":\s*"{MODEL.strip("^$")}"'.encode())


class RecordSource(Protocol):
    """What has records by their place."""

    def record(self, index: int) -> PredictionRecord: ...


@dataclass(frozen=True, slots=True)
class Logged:
    """A prediction, and where its record is. row: a number that equal rows have in common."""

    prediction_id: str
    probability: float
    row: int
    source: RecordSource
    index: int

    @property
    def record(self) -> PredictionRecord:
        return self.source.record(self.index)


def row_number(features: Mapping[str, Value], reference: str | None = None) -> int:
    """A number of 64 bits that equal rows have in common. What is called by another reference is about
    somebody else, and no equal row. Names and categories are hashed with the secret of
    the process: nobody can ask about two rows that have one."""
    return hash((frozenset(features.items()), reference))


class LoggedObject:
    """The predictions of one model in an object, by their ids, each once. damaged: lines that are none, but
    for those that name other models alone."""

    def __init__(self, body: bytes, model: str) -> None:
        lines, self.damaged = _read_lines(body, model)
        order = sorted(lines)
        self.ids = order
        self.probabilities = array("d", (lines[id_][0] for id_ in order))
        self.rows = array("q", (lines[id_][1] for id_ in order))
        self.versions = [lines[id_][2] for id_ in order]
        self._starts = array("Q", (lines[id_][3] for id_ in order))
        # Of the predictions of other models alone, nothing will be asked.
        self._body = body if order else b""

    def record(self, index: int) -> PredictionRecord:
        start = self._starts[index]
        end = self._body.find(b"\n", start)
        return parse_line(self._body[start : end if end >= 0 else len(self._body)])

    def logged(self, index: int) -> Logged:
        return Logged(self.ids[index], self.probabilities[index], self.rows[index], self, index)

    def place(self, id_: str) -> int | None:
        """The place of a prediction; None when it is not among these."""
        if not self.ids or not self.ids[0] <= id_ <= self.ids[-1]:
            return None
        index = bisect_left(self.ids, id_)
        return index if self.ids[index] == id_ else None

    def pick(self, ids: Iterable[str]) -> dict[str, PredictionRecord]:
        """The records of those of `ids` that are here."""
        places = {id_: self.place(id_) for id_ in ids}
        return {id_: self.record(place) for id_, place in places.items() if place is not None}


def _read_lines(body: bytes, model: str) -> tuple[dict[str, tuple[float, int, str, int]], int]:
    """Of each prediction its probability, row, version and where its line begins; and the damaged lines."""
    lines: dict[str, tuple[float, int, str, int]] = {}
    versions: dict[str, str] = {}
    own = f'"{model}"'.encode()
    damaged = start = 0
    while start < len(body):
        end = body.find(b"\n", start)
        end = end if end >= 0 else len(body)
        line = body[start:end]
        # A name may be written otherwise, with a backslash.
        is_foreign = own not in line and b"\\" not in line and _NAMES_A_MODEL.search(line)
        if line and not is_foreign:
            try:
                record = parse_line(line)
            except ValidationError:
                damaged += parse_refusal(line) is None
            else:
                if record.model == model:
                    # One text for all predictions of a version.
                    version = versions.setdefault(record.version, record.version)
                    row = row_number(record.features, record.reference)
                    lines.setdefault(record.prediction_id, (record.probability, row, version, start))
        start = end + 1
    return lines, damaged
