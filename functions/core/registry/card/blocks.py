"""What a card is made of, whatever it is written as: headings, paragraphs, lists, tables and commands."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

# What a text could forge its surroundings with: control characters, those that turn the direction in which
# people read (https://trojansource.codes), and what YAML does not take.
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Code:
    """A text to be read letter by letter: a name, a digest, a version."""

    text: str


Words = str | Code | tuple[str | Code, ...]
"""A sentence, or parts of one."""


@dataclass(frozen=True, slots=True)
class Heading:
    text: str
    level: int = 2


@dataclass(frozen=True, slots=True)
class Paragraph:
    words: Words


@dataclass(frozen=True, slots=True)
class Bullets:
    items: Sequence[Words]


@dataclass(frozen=True, slots=True)
class Table:
    """rows: as many cells each as there are heads."""

    heads: Sequence[str]
    rows: Sequence[Sequence[Words]]


@dataclass(frozen=True, slots=True)
class Commands:
    """Lines to be typed into a shell."""

    lines: Sequence[str]


Block = Heading | Paragraph | Bullets | Table | Commands


def parts_of(words: Words) -> tuple[str | Code, ...]:
    return words if isinstance(words, tuple) else (words,)


def one_line(text: str) -> str:
    """A text of whoever wrote it, on one line, without characters that are not seen."""
    return _UNSEEN.sub("", re.sub(r"\s+", " ", text))
