"""What a column of a file holds, gathered in bounded memory while its rows go by."""

import re
from collections import Counter
from collections.abc import Sequence
from math import isfinite

from functions.core.schema.missing_words import MISSING_WORDS
from functions.core.schema.schema import fold
from functions.core.schema.tables.numbers import Writing, Writings, plain, writing

MAX_DISTINCT = 10_000
"""Distinct values that are remembered of a column."""
MAX_SHOWN = 100
"""Characters of a value that are remembered."""

_MISSING = frozenset(word.casefold() for word in MISSING_WORDS)
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.?"
_TIME = r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]{1,9})?)?\s?(?:[ap]m)?(?:z|\s?[+-][0-9]{2}:?[0-9]{2})?"
_DATE = (
    r"[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}|[0-9]{1,2}[-/.][0-9]{1,2}[-/.](?:[0-9]{4}|[0-9]{2})"
    rf"|[0-9]{{1,2}}[\s-]{_MONTH}[\s,-]{{0,2}}[0-9]{{2,4}}|{_MONTH}\s[0-9]{{1,2}},?\s[0-9]{{4}}"
)
_MOMENT = re.compile(rf"(?:{_DATE})(?:[t\s]{{1,2}}{_TIME})?|{_TIME}", re.IGNORECASE)
_WORDS_OF_NAME = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


class ColumnSummary:
    """A column, and what was seen in it.

    rows, missing, numbers, moments: cells there are, without a value, that are numbers, and that are dates or
    times. counts: rows of each distinct value, of the first `distinct_limit` ones. overflowing: there are
    more of them. repeated: a value was seen twice. rising: all values are whole numbers, each greater than
    the one before.
    """

    def __init__(self, name: str, distinct_limit: int = MAX_DISTINCT) -> None:
        self.name = name
        self.rows = self.missing = self.numbers = self.moments = 0
        self.counts: dict[str, int] = {}
        self.missing_words: Counter[str] = Counter()
        self.overflowing = self.repeated = False
        self.rising = True
        self.writings = Writings(name)
        self._limit = distinct_limit
        self._last = -1

    @property
    def present(self) -> int:
        return self.rows - self.missing

    @property
    def name_words(self) -> list[str]:
        """The words of the name, in lower case: `customer` and `id` of `CustomerID`."""
        return [word.lower() for word in _WORDS_OF_NAME.findall(self.name)] or [fold(self.name)]

    def add(self, cells: Sequence[str], lines: Sequence[int]) -> None:
        """Take cells into account, with the line of each."""
        self.rows += len(cells)
        for cell, rows in Counter(cells).items():
            text = cell.strip()
            if text.casefold() in _MISSING:
                self.missing += rows
                self.missing_words[text] += rows
                continue
            self._count(text[:MAX_SHOWN].rstrip(), rows)
            if writing(text):
                self.numbers += rows
            elif _MOMENT.fullmatch(text[:MAX_SHOWN]):
                self.moments += rows
        # Once every way of writing was seen, or none is a number, there is nothing to learn.
        if self.numbers and len(self.writings.first) < len(Writing):
            self.writings.add(cells, lines)
        if self.rising:
            self._follow(cells)

    def spellings(self, *, with_missing: bool = False) -> dict[str, int]:
        """Rows of each distinct word, in its commonest spelling where spellings differ by case only.

        with_missing: take words that stand for a missing value, too, but for blanks.
        """
        counts = Counter(self.counts)
        if with_missing:
            counts.update({word: rows for word, rows in self.missing_words.items() if word})
        spellings: dict[str, tuple[str, int]] = {}
        for word, rows in counts.most_common():
            spelling, before = spellings.get(word.casefold(), (word, 0))
            spellings[word.casefold()] = (spelling, before + rows)
        return dict(spellings.values())

    def usual_word(self) -> str:
        """The commonest of the values, in its commonest spelling. There has to be one."""
        words = self.spellings()
        return max(words, key=lambda word: words[word])

    def usual_number(self) -> float | None:
        """The middle one of the numbers that are remembered, which is one of them; None without any."""
        mark = self.writings.decimal()
        numbers = sorted(
            (number, rows)
            for text, rows in self.counts.items()
            if writing(text) and isfinite(number := float(plain(text, mark)))
        )
        below = sum(rows for _, rows in numbers) / 2
        for number, rows in numbers:
            below -= rows
            if below <= 0:
                return number
        return None

    def _count(self, text: str, rows: int) -> None:
        before = self.counts.get(text, 0)
        if before or rows > 1:
            self.repeated = True
        if before or len(self.counts) < self._limit:
            self.counts[text] = before + rows
        else:
            self.overflowing = True

    def _follow(self, cells: Sequence[str]) -> None:
        for cell in cells:
            text = cell.strip()
            if not (text.isascii() and text.isdigit() and len(text) < 20) or int(text) <= self._last:
                self.rising = False
                return
            self._last = int(text)
