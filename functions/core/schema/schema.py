"""What a row of a model's table is, as data: a Table Schema, with a few keys of Lifeboat's own.

The format is that of the Data Package standard, version 2, which pandas' `to_json(orient="table")` and
frictionless write too: https://datapackage.org/standard/table-schema/. A schema says which fields there are,
which of them is to be predicted, and how people spell both. Everything that Lifeboat does with a row follows
from it. It is read without pydantic: a cold start of predict reads one.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Literal, NamedTuple

from functions.core.schema.target import Target, Word

FieldType = Literal["number", "integer", "string", "boolean"]

# Whether a labelled row may be measured by, or only be learned from: a column that any dataset may have.
REPRESENTATIVE = "representative"
# With which key a row was labelled that nobody vouches for: a column of the datasets that are made of labels.
LABELLED_BY = "lifeboat_labelled_by"
# Columns that Lifeboat writes itself: a field of that name would be taken for one of them.
RESERVED = ("prediction_id", "probability", REPRESENTATIVE, LABELLED_BY)
# The caller's own words for a row, where neither a field nor the target has this name.
REFERENCE = "reference"

MAX_TEXT = 1_000
_MAX_REMEMBERED = 100
# Beyond it a float32, which is what the graph computes with, is infinite.
LARGEST = 3.4028234663852886e38


def fold(name: str) -> str:
    """A name as names are compared: without regard to case, white space, dots, dashes and underscores."""
    # What is longer is no name that anybody repeats, and would fill memory.
    return _folded(name) if len(name) <= _MAX_REMEMBERED else _folded.__wrapped__(name)


@lru_cache(maxsize=4_096)
def _folded(name: str) -> str:
    text = name.strip().casefold()
    return re.sub(r"[\s._-]+", "", text) or text


class Field(NamedTuple):
    """A column of the table.

    categories: the only values that it may have, in the order of their codes; None where any will do.
    minimum, maximum: of a number, both included. max_length: of a text, in characters.
    """

    name: str
    type: FieldType
    description: str = ""
    example: Word | None = None
    required: bool = False
    categories: tuple[Word, ...] | None = None
    minimum: float = -LARGEST
    maximum: float = LARGEST
    max_length: int = MAX_TEXT

    @property
    def words(self) -> tuple[str, ...] | None:
        """The categories of a text, None for a number: what the graph distinguishes."""
        return tuple(map(str, self.categories or ())) if self.type == "string" else None


class Derived(NamedTuple):
    """`name` is the category that `words` has for the first group of `pattern` in the text `source`."""

    name: str
    source: str
    pattern: re.Pattern[str]
    words: Mapping[str, str]

    def category(self, text: str) -> str | None:
        """None where the pattern finds nothing, or a word that stands for no category."""
        match = self.pattern.search(text)
        return self.word(match[1]) if match else None

    def word(self, group: str | None) -> str | None:
        """The category of what the pattern found."""
        return self.words.get(group.strip().casefold()) if group else None


class Expectation(NamedTuple):
    """Two rows, of which the first must be likelier. `because` says so in a sentence, for people."""

    likelier: Mapping[str, Any]
    than: Mapping[str, Any]
    because: str


class License(NamedTuple):
    """Under which a table may be used, as in the Data Package standard: `name` or `path` is there."""

    name: str = ""
    path: str = ""
    title: str = ""


class Contributor(NamedTuple):
    """Who answers for a table, and to whom people can turn who are judged by its model, as in the Data
    Package standard: `title`, a name, is there, and `email` or `path`."""

    title: str = ""
    organization: str = ""
    email: str = ""
    path: str = ""


@dataclass(frozen=True)
class Schema:
    """A schema that was checked. `document` is the JSON that it was read from."""

    document: Mapping[str, Any]
    fields: tuple[Field, ...]
    target: Target
    field_aliases: Mapping[str, tuple[str, ...]]
    value_aliases: Mapping[str, Mapping[str, str]]
    missing: frozenset[str]
    derived: tuple[Derived, ...]
    ignored: tuple[str, ...]
    slices: tuple[str, ...]
    expectations: tuple[Expectation, ...]
    row_name: tuple[str, str]
    licenses: tuple[License, ...] = ()
    contributors: tuple[Contributor, ...] = ()
    notes: tuple[str, ...] = ()
    """What was passed over in the document, in sentences."""

    @cached_property
    def features(self) -> tuple[Field, ...]:
        """The inputs of the graph, in order: not the target, nor what is ignored, nor sources of others."""
        others = {self.target.name, *(derived.source for derived in self.derived)}
        ignored = set(map(fold, self.ignored))
        return tuple(
            field for field in self.fields if field.name not in others and fold(field.name) not in ignored
        )

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the features, in order."""
        return tuple(field.name for field in self.features)

    @cached_property
    def sources(self) -> dict[str, Field]:
        """Texts that a category is derived from, by name: accepted in a row, and never kept."""
        names = {derived.source for derived in self.derived}
        return {field.name: field for field in self.fields if field.name in names}

    @cached_property
    def accepted(self) -> dict[str, str]:
        """The name of the field by every spelling of it, folded: of features and of sources."""
        return self._spellings([*self.names, *self.sources])

    @cached_property
    def passed_over(self) -> frozenset[str]:
        """Known columns that are no feature, folded: the target, ignored ones, and what Lifeboat writes."""
        known = self._spellings([self.target.name, *self.ignored])
        return frozenset(known) | {fold(name) for name in RESERVED}

    @cached_property
    def target_spellings(self) -> frozenset[str]:
        return frozenset(self._spellings([self.target.name]))

    @property
    def takes_references(self) -> bool:
        """Whether a row's `reference` is the caller's own: neither a field of the schema nor its target."""
        return REFERENCE not in self.accepted and REFERENCE not in self.target_spellings

    def feature(self, name: str) -> Field:
        """Raises `KeyError`."""
        return self._by_name[name]

    @cached_property
    def _by_name(self) -> dict[str, Field]:
        return {field.name: field for field in self.features}

    def _spellings(self, names: Iterable[str]) -> dict[str, str]:
        return {
            fold(spelling): name for name in names for spelling in (name, *self.field_aliases.get(name, ()))
        }

    def example(self) -> dict[str, Word]:
        """A row for documents and forms: the fields' own examples, and a value for each required one."""
        return {
            field.name: _example(field)
            for field in (*self.features, *self.sources.values())
            if field.required or field.example is not None
        }

    def as_json(self) -> bytes:
        """The document as it is kept in the store."""
        return json.dumps(self.document, indent=2, ensure_ascii=False).encode()


def _example(field: Field) -> Word:
    if field.example is not None:
        return field.example
    if field.categories:
        return field.categories[0]
    if field.type == "string":
        return "text"
    if field.type == "boolean":
        return True
    return (
        max(field.minimum, min(0.0, field.maximum))
        if field.type == "number"
        else int(max(field.minimum, min(0, field.maximum)))
    )
