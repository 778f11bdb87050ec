"""Says in sentences how a table differs from what its schema expects."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field

from functions.core.schema.schema import Schema, fold
from functions.core.schema.tables.chunks import BadRow
from functions.core.schema.tables.header import ColumnsReport, listed

MAX_REASONS = 10
"""Reasons of bad rows that are told apart."""

_WORDS = 5


@dataclass(slots=True)
class Misfit:
    """What is wrong with rows, gathered while a table is read.

    unknown: by field, the words that are none of its categories, each with its number of rows. reasons: by
    column and reason, the number of bad rows and the line of the first one.
    """

    rows: int = 0
    unknown: dict[str, Counter[str]] = field(default_factory=dict)
    reasons: dict[tuple[str, str], list[int]] = field(default_factory=dict)

    def add(self, good: int, bad_rows: Iterable[BadRow], unknown: Mapping[str, Counter[str]]) -> None:
        """Take rows into account. good: how many were read; unknown: as of a `Chunk`."""
        self.rows += good
        for name, words in unknown.items():
            self.unknown.setdefault(name, Counter()).update(words)
        for bad in bad_rows:
            self.rows += 1
            tally = self.reasons.setdefault((bad.column, bad.reason), [0, bad.line])
            tally[0] += 1

    def sentences(self, schema: Schema, report: ColumnsReport) -> list[str]:
        """What changed in a file since its schema was written; empty where it fits.

        report: of the table that was read. A required column that is missing is not among it: without one,
        the table cannot be opened, and the error says so.
        """
        return [
            *_of_columns(schema, report),
            *_of_words(report.used, self.unknown),
            *self._of_rows({column for column, name in report.used.items() if name in self.unknown}),
        ]

    def _of_rows(self, columns_told: Set[str]) -> Iterator[str]:
        others = {key: tally for key, tally in self.reasons.items() if key[0] not in columns_told}
        most = sorted(others.items(), key=lambda item: -item[1][0])[:MAX_REASONS]
        for (column, reason), (count, line) in most:
            subject = f"the column {column} {reason}" if column else f"a row {reason}"
            yield f"{subject}: {count:,} of {self.rows:,} rows, the first on line {line}"


def _of_columns(schema: Schema, report: ColumnsReport) -> Iterator[str]:
    if report.missing:
        yield f"these columns are missing: {listed(report.missing)}"
    known = schema.passed_over | schema.accepted.keys()
    if new := [name for name in report.passed_over if fold(name) not in known]:
        # That they were passed over, the report says.
        yield f"the schema does not know these columns: {listed(new)}; to use one, add it to its fields"


def _of_words(used: Mapping[str, str], unknown: Mapping[str, Counter[str]]) -> Iterator[str]:
    for column, name in used.items():
        if name not in unknown:
            continue
        words = unknown[name]
        shown = [f"{word} ({count:,})" for word, count in words.most_common(_WORDS)]
        more = f" and {len(words) - _WORDS} more" if len(words) > _WORDS else ""
        yield f"the column {column} has words that are none of its categories: {', '.join(shown)}{more}"
    if unknown:
        yield "a word that is to be a category has to be added to the enum of its column in the schema"
