"""What a feature a column can be: a number, a category, true or false; or why it is none."""

import dataclasses
from dataclasses import dataclass
from typing import Any

from functions.core.schema.document.fields import MAX_NAME
from functions.core.schema.inference.column_summary import MAX_SHOWN, ColumnSummary
from functions.core.schema.schema import LARGEST
from functions.core.schema.tables.header import listed
from functions.core.schema.tables.numbers import shared_unit, writing
from functions.core.schema.target import YES, Word

MAX_CATEGORIES = 50
"""Distinct words that a column of categories has at most, when its schema is inferred."""

_ROWS_PER_CATEGORY = 5
_FEW_CATEGORIES = 5
_ROWS_PER_FEW = 2
_MOSTLY = 0.9
# So many whole numbers, none of which is there twice, are no quantity.
_MANY_DISTINCT = 200
_AVOIDED_BY_CHANCE = 5
_LONG_NUMBER = 5
_MOMENT_DIGITS = 8

_BOOLEANS = ({"yes", "no"}, {"true", "false"}, {"y", "n"}, {"t", "f"})
_IDENTIFIERS = frozenset({"id", "ids", "uuid", "guid", "identifier"})
_CONTACTS = frozenset({"email", "mail", "phone", "telephone", "mobile", "ssn", "iban", "url", "address"})
_MOMENTS = frozenset({"date", "datetime", "timestamp", "time", "at", "on"})
_CHANGE = "to use it all the same, write it into the fields of the schema"


@dataclass(frozen=True, slots=True)
class Ignored:
    """A column that is no feature. reason: the sentence that begins with its name."""

    reason: str


@dataclass(frozen=True, slots=True)
class Described:
    """A feature, as a field of a schema; and what there is to say of it, in sentences that begin with its
    name.
    """

    field: dict[str, Any]
    notes: list[str] = dataclasses.field(default_factory=list)


def describe_column(column: ColumnSummary) -> Described | Ignored:
    """What feature a column is. Raises `InvalidInput` where its numbers can be read in two ways."""
    if reason := _objection(column):
        return Ignored(reason)
    if column.numbers == column.present:
        whole = column.writings.is_whole()
        return Ignored(_IDENTIFIER) if whole and _is_key(column) else _number(column, whole=whole)
    words = column.spellings()
    if {word.casefold() for word in words} in _BOOLEANS:
        return Described(_field(column, "boolean"))
    measured = shared_unit(words)
    if _are_categories(column, words):
        return _category(column, words, measured)
    if column.numbers >= _MOSTLY * column.present:
        return _number(column, whole=False)
    if measured:
        return Ignored(f"{measured}, and was ignored: without them, it is a column of numbers")
    if not column.repeated:
        return Ignored(f"has another text in every row, and was ignored; {_CHANGE}, with its categories")
    many = f"over {len(words):,}" if column.overflowing else f"{len(words):,}"
    return Ignored(
        f"is text, with {many} distinct values in {column.present:,} rows, and was ignored: a category has "
        "at most "
        f"{MAX_CATEGORIES} values, on average {_ROWS_PER_CATEGORY} rows each; {_CHANGE}, with its categories"
    )


_IDENTIFIER = f"looks like an identifier, and was ignored; {_CHANGE}"


def _objection(column: ColumnSummary) -> str:
    """Why a column is no feature, whatever its values are; "" when it may be one.

    A list of rules, the first of which counts: each branch is one.
    """
    distinct = len(column.counts)
    if len(column.name) > MAX_NAME or not column.name.isprintable():
        return f"has a name that cannot be printed, or of over {MAX_NAME} characters, and was ignored"
    if not column.present:
        return "has no value in any row, and was ignored"
    if distinct == 1 and not column.overflowing:
        return f"has the same value in every row that has one, {next(iter(column.counts))}, and was ignored"
    words = column.name_words
    if words[-1] in _IDENTIFIERS or words[0] in _IDENTIFIERS:
        return _IDENTIFIER
    many = column.overflowing or distinct > MAX_CATEGORIES or 2 * distinct > column.present
    if many and not _CONTACTS.isdisjoint(words):
        return f"looks like something personal, by its name, and was ignored; {_CHANGE}"
    shortest = min(map(len, column.counts))
    named_moment = words[-1] in _MOMENTS and column.writings.first and shortest >= _MOMENT_DIGITS
    if column.moments >= _MOSTLY * column.present or (named_moment and column.numbers == column.present):
        return f"holds dates or times, and was ignored; {_CHANGE}, as a number of days or hours, say"
    return ""


def _is_key(column: ColumnSummary) -> bool:
    """Whether whole numbers name the rows rather than say something of them."""
    values = [int(value) for value in column.counts if value.isascii() and value.isdigit()]
    if column.repeated or column.present < _FEW_CATEGORIES or len(values) < len(column.counts):
        return False
    lengths = {len(value) for value in column.counts}
    # Of n quantities in a range of r, some are the same with probability 1 - exp(-n**2 / 2r), as are two
    # birthdays.
    avoided = len(values) ** 2 / (2 * (max(values) - min(values) + 1))
    return (
        column.rising
        or column.present >= _MANY_DISTINCT
        or avoided >= _AVOIDED_BY_CHANCE
        or (len(lengths) == 1 and lengths.pop() >= _LONG_NUMBER)
    )


def _are_categories(column: ColumnSummary, words: dict[str, int]) -> bool:
    if column.overflowing or len(words) > MAX_CATEGORIES:
        return False
    # Of a longer text, no more was kept: what stands in the rows would be no category.
    if max(map(len, words)) >= MAX_SHOWN:
        return False
    per_category = _ROWS_PER_FEW if len(words) <= _FEW_CATEGORIES else _ROWS_PER_CATEGORY
    return column.present >= per_category * len(words)


def _number(column: ColumnSummary, *, whole: bool) -> Described:
    others = column.present - column.numbers
    if not others:
        return Described(_field(column, "integer" if whole else "number"), _notes_on_zeros(column))
    words = [word for word in column.counts if writing(word) is None]
    # Of very many values, only the first are remembered.
    shown = f" ({listed(words[:5])})" if words else ""
    return Described(
        _field(column, "number"),
        [
            f"is a number in most rows, but not in {others:,}{shown}, which will be left out; if a word "
            "stands for a missing value, add it to the missingValues of the schema"
        ],
    )


def _notes_on_zeros(column: ColumnSummary) -> list[str]:
    """What to say of whole numbers with zeros before them, as codes and not quantities have."""
    padded = [text for text in column.counts if text.isdigit() and len(text.lstrip("0")) < len(text) > 1]
    if not padded:
        return []
    return [
        f"has whole numbers with zeros before them, such as {padded[0]}, and was taken for a number without "
        "them; if these are codes, have the schema ignore it, or make it a text with its categories"
    ]


def _category(column: ColumnSummary, words: dict[str, int], measured: str) -> Described:
    notes = (
        [f"{measured}, and each is a word of its own: without them, it is a column of numbers"]
        if measured
        else []
    )
    if len(words) < len(column.counts):
        kept = {word.casefold(): word for word in words}
        other = next(word for word in column.counts if kept[word.casefold()] != word)
        notes.append(
            f"has words that differ by case only, such as {kept[other.casefold()]} and {other}: they are one"
        )
    field = _field(column, "string")
    field.setdefault("constraints", {})["enum"] = sorted(words)
    return Described(field, notes)


def _field(column: ColumnSummary, type_: str) -> dict[str, Any]:
    """A field that is required when no row of the file is without it: leaving it out of a request is told
    then.
    """
    field: dict[str, Any] = {"name": column.name, "type": type_}
    example = _usual(column, type_)
    if example is not None:
        field["example"] = example
    if not column.missing:
        field["constraints"] = {"required": True}
    return field


def _usual(column: ColumnSummary, type_: str) -> Word | None:
    """A value that the column often has: an example for documents and forms."""
    if type_ == "string":
        return column.usual_word()
    if type_ == "boolean":
        return column.usual_word().casefold() in YES
    number = column.usual_number()
    if number is None or not abs(number) <= LARGEST:
        return None
    return int(number) if number.is_integer() else number
