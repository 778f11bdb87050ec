"""The one validator of a row, wherever it comes from: JSON, the cells of a table, or tensors.

It names every fault of a row at once. A fault tells the field and what would be right, never the value.
"""

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

from functions.core.base.formulas import unescape_formula
from functions.core.schema.schema import LARGEST, Field, Schema, fold
from functions.core.schema.target import DIGITS, NO, YES

Value = float | str
"""A feature as the graph takes it: a number, or NaN where it is missing; a category, or "" where it is."""

MISSING_NUMBER = math.nan
MISSING_CATEGORY = ""

# Of a row in JSON, beyond its fields: each unknown key is a fault of its own, and a body has room for many.
MAX_FAULTS = 64
MAX_CELL = 10_000
_LISTED = 10


class Fault(NamedTuple):
    """What is wrong: in which field ("" for the row as a whole), in words, and the kind of fault."""

    field: str
    msg: str
    type: str


class Row(NamedTuple):
    """The features in the order of the schema, and what is wrong; the values count only where nothing is."""

    values: list[Value]
    faults: list[Fault]


class Unfit(Exception):
    """A value that its field cannot have."""

    def __init__(self, msg: str, type_: str) -> None:
        super().__init__(msg)
        self.msg, self.type = msg, type_


class FieldReader(NamedTuple):
    """Turns what was sent for one feature into its value. Both functions raise `Unfit`.

    from_json: takes what JSON has, but null. from_text: takes a cell that is not a missing value.
    place: of the value among those of a row, from 0.
    """

    field: Field
    place: int
    missing: Value
    from_json: Callable[[object], Value]
    from_text: Callable[[str], Value]

    def fault(self, error: Unfit) -> Fault:
        return Fault(self.field.name, error.msg, error.type)

    def missing_value(self) -> Value:
        """What stands for a value that is missing. Raises `Unfit` when it is required."""
        if self.field.required:
            raise Unfit("is required", "missing")
        return self.missing


class RowReader:
    """Reads rows by one schema."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.readers = tuple(_reader(index, field, schema) for index, field in enumerate(schema.features))
        self._by_name = {reader.field.name: reader for reader in self.readers}
        self._missing = [reader.missing for reader in self.readers]
        self._required = [reader for reader in self.readers if reader.field.required]
        self._known = frozenset({*self._by_name, *schema.sources})
        self._derived = [
            (self._by_name[derived.name].place, derived)
            for derived in schema.derived
            if derived.name in self._by_name
        ]

    def read(self, row: Mapping[str, object], *, extras: bool = False) -> Row:
        """A row of JSON: fields by name, in any of their spellings; null is missing.

        extras: pass unknown fields over, as columns of a table are, where without it they are faults.
        """
        faults: list[Fault] = []
        if not row.keys() <= self._known:
            row = self._respelled(row, faults, extras)
        values = self._missing.copy()
        texts: dict[str, str] = {}
        for name, value in row.items():
            if value is None:
                continue
            reader = self._by_name.get(name)
            try:
                if reader is None:
                    texts[name] = check_source(self.schema.sources[name], value)
                else:
                    values[reader.place] = reader.from_json(value)
            except Unfit as error:
                faults.append(Fault(name, error.msg, error.type))
        self._derive(values, texts)
        if self._required:
            faulty = {fault.field for fault in faults}
            # By identity: NaN is not equal to itself, and no value that was sent is this one.
            faults += [
                Fault(reader.field.name, "is required", "missing")
                for reader in self._required
                if values[reader.place] is reader.missing and reader.field.name not in faulty
            ]
        return Row(values, faults)

    def _respelled(self, row: Mapping[str, object], faults: list[Fault], extras: bool) -> dict[str, object]:
        """`row` with the names of fields as the schema spells them, without what is no feature."""
        respelled: dict[str, object] = {}
        for key, value in row.items():
            if len(faults) == MAX_FAULTS:
                break
            folded = fold(key)
            name = self.schema.accepted.get(folded)
            if name is None:
                if folded not in self.schema.passed_over and not extras:
                    faults.append(Fault(key, f"is no field of a {self.schema.row_name[0]}", "unknown"))
            elif name in respelled:
                faults.append(Fault(name, "is given twice, in two spellings", "repeated"))
            else:
                respelled[name] = value
        return respelled

    def _derive(self, values: list[Value], texts: Mapping[str, str]) -> None:
        for index, derived in self._derived:
            if values[index] == MISSING_CATEGORY and derived.source in texts:
                values[index] = derived.category(texts[derived.source]) or MISSING_CATEGORY


def check_source(field: Field, value: object) -> str:
    """A text that a category is derived from. Raises `Unfit`."""
    if not isinstance(value, str):
        raise Unfit("must be a text", "string")
    if len(value.strip()) > field.max_length:
        raise Unfit(f"must have at most {field.max_length} characters", "too_long")
    return value


def _reader(index: int, field: Field, schema: Schema) -> FieldReader:
    if field.type == "string":
        from_json, from_text = _of_category(field, _words(field, schema))
        return FieldReader(field, index, MISSING_CATEGORY, from_json, from_text)
    if field.type == "boolean":
        from_json, from_text = _of_boolean()
    else:
        from_json, from_text = _of_number(field)
    return FieldReader(field, index, MISSING_NUMBER, from_json, from_text)


def _words(field: Field, schema: Schema) -> dict[str, str]:
    """The category by every word for it, folded: itself, its aliases, and the words it is derived from."""
    words = {word.casefold(): word for word in field.words or ()}
    for derived in schema.derived:
        if derived.name == field.name:
            words = {**derived.words, **words}
            words |= {f"{word}.": category for word, category in derived.words.items()}
    return {**schema.value_aliases.get(field.name, {}), **words}


def _of_category(
    field: Field, folded: Mapping[str, str]
) -> tuple[Callable[[object], Value], Callable[[str], Value]]:
    exact = {word: word for word in field.words or ()}
    reason = f"must be {_listed(field.words or ())}"

    def from_text(cell: str) -> Value:
        # One string for each category: whoever goes through ten thousand finds them in the processor's cache.
        category = exact.get(cell) or folded.get(unescape_formula(cell.strip()).casefold())
        if category is None:
            raise Unfit(reason, "enum")
        return category

    def from_json(value: object) -> Value:
        if not isinstance(value, str):
            raise Unfit(reason, "enum")
        return from_text(value)

    return from_json, from_text


def _of_boolean() -> tuple[Callable[[object], Value], Callable[[str], Value]]:
    def from_json(value: object) -> Value:
        if value is True or value is False or (type(value) in (int, float) and value in (0, 1)):
            return float(value)
        raise Unfit("must be true or false", "boolean")

    def from_text(cell: str) -> Value:
        word = cell.strip().casefold()
        if word not in YES and word not in NO:
            raise Unfit("must be true or false", "boolean")
        return float(word in YES)

    return from_json, from_text


def _of_number(field: Field) -> tuple[Callable[[object], Value], Callable[[str], Value]]:
    low, high = field.minimum, field.maximum
    whole = field.type == "integer"
    allowed = frozenset(field.categories or ())
    reason = f"must be {_range(field)}"
    kind = "enum" if allowed else field.type

    def from_json(value: object) -> Value:
        # `type`, not `isinstance`: a boolean is no number here. A comparison with NaN is false.
        if (
            (type(value) is float or type(value) is int)
            and low <= value <= high
            and not (whole and value % 1)
            and (not allowed or value in allowed)
        ):
            return float(value)
        raise Unfit(reason, kind)

    def from_text(cell: str) -> Value:
        text = cell.strip()
        if len(text) > MAX_CELL or not DIGITS.fullmatch(text):
            raise Unfit(reason, kind)
        try:
            return from_json(float(text))
        except ValueError:
            raise Unfit(reason, kind) from None

    return from_json, from_text


def _range(field: Field) -> str:
    if field.categories:
        return _listed([_shown(value) for value in field.categories])
    kind = "a whole number" if field.type == "integer" else "a number"
    from_, to = field.minimum != -LARGEST, field.maximum != LARGEST
    if from_ and to:
        return f"{kind} from {_shown(field.minimum)} to {_shown(field.maximum)}"
    if from_ or to:
        return (
            f"{kind}, {_shown(field.minimum)} or more"
            if from_
            else f"{kind}, {_shown(field.maximum)} or less"
        )
    return kind


def _shown(value: object) -> str:
    if isinstance(value, float) and value % 1:
        # All of its digits: one fewer would be another number.
        return str(value)
    return f"{int(value):,}" if isinstance(value, int | float) else str(value)


def _listed(words: tuple[str, ...] | list[str]) -> str:
    """The words that may stand, of many only the first: `female or male`."""
    if len(words) > _LISTED:
        return f"one of {len(words)} values, such as {', '.join(words[:_LISTED])}"
    *others, last = words
    return f"{', '.join(others)} or {last}" if others else last
