"""Which column of a file is to be predicted, and which of its two values counts as yes."""

from collections.abc import Iterable, Sequence
from typing import Any

from functions.core.base.errors import InvalidInput
from functions.core.schema.inference.column_summary import ColumnSummary
from functions.core.schema.schema import fold
from functions.core.schema.tables.header import listed
from functions.core.schema.tables.numbers import plain, writing
from functions.core.schema.target import Word

NAMES = ("target", "label", "class", "outcome", "y")
"""Names by which a target is known, after that of the model."""

MAX_MISSING = 0.05
"""Share of rows without an outcome above which no model is trained."""
_MAX_VALUES = 5
_MAX_NEAR = 3
_POSITIVE = frozenset(
    {
        "yes", "true", "t", "y", "1", "positive", "pos", "+", "survived", "alive", "churned", "churn", "left",
        "attrited", "default", "defaulted", "bad", "malignant", "fraud", "fraudulent", "spam", "abnormal",
        "disease", "sick", "presence", "present", "success", "approved", "accepted", "won", "win", "pass",
        "passed", "good", "ja", "oui", "si", "sí", "sim", "tak", "evet", "да",
    }
)  # fmt: skip
# The word beside one of these means the thing, this one that it is not there.
_NEGATIONS = ("not ", "not_", "not-", "non", "no ", "no_", "no-", "un", "in")
_SAY = "name it with `--target` (of make: TARGET=...), or in the object's metadata `target`"


def choose_target(columns: Sequence[ColumnSummary], *, target: str | None, name: str | None) -> ColumnSummary:
    """The column to predict: the one that was named, or else one with a name that says so. Raises
    `InvalidInput`.
    """
    by_name = {fold(column.name): column for column in columns}
    if target:
        if fold(target) not in by_name:
            raise InvalidInput(
                f"the file has no column {target} to predict; its columns are: "
                f"{listed(by_name[key].name for key in by_name)}{_headless(columns)}"
            )
        return by_name[fold(target)]
    named = [by_name[fold(word)] for word in (name, *NAMES) if word and fold(word) in by_name]
    if column := next((column for column in named if _has_two_values(column)), None):
        return column
    if named:
        return named[0]
    candidates = [column.name for column in two_valued(columns)]
    two = f"these have exactly two values: {listed(candidates)}; {_SAY}" if candidates else _none(columns)
    raise InvalidInput(f"which column is to be predicted? Of the columns, {two}{_headless(columns)}")


def two_valued(columns: Iterable[ColumnSummary]) -> list[ColumnSummary]:
    """The columns that can be predicted: those of exactly two values."""
    return [column for column in columns if _has_two_values(column)]


def _none(columns: Sequence[ColumnSummary]) -> str:
    """What to say where no column has two values: those that come nearest, and what is needed."""
    values = {column.name: [*_values(column)] for column in columns if not column.overflowing}
    few = [name for name, words in values.items() if 0 < len(words) <= _MAX_VALUES][:_MAX_NEAR]
    near = "".join(
        f"; {name} has {len(values[name])}: {listed(map(_shown, values[name]))}"
        if len(values[name]) > 1
        else f"; {name} has only one: {_shown(values[name][0])}"
        for name in few
    )
    return (
        f"none has two values{near}. A column is needed that says, in two words such as yes and no, how each "
        "row ended"
    )


def _headless(columns: Sequence[ColumnSummary]) -> str:
    """What to say where the names of the columns look like the values of a row."""
    numbers = sum(writing(column.name) is not None for column in columns)
    if 2 * numbers < len(columns):
        return ""
    return ". The first line looks like a row of values, and has to name the columns"


def describe_target(column: ColumnSummary) -> tuple[dict[str, Any], Word, list[str]]:
    """The target as a field of a schema, its positive value, and what there is to say of it.

    Raises `InvalidInput` for a column that has not two values.
    """
    values = _values(column)
    _check_two(column, values)
    notes = []
    if len(values) > len(_values(column, with_missing=False)):
        missing = column.missing_words[""]
    else:
        missing = column.missing
    if missing:
        many = missing > MAX_MISSING * column.rows
        notes.append(
            f"the target {column.name} is missing in {missing:,} rows, which "
            + ("are too many to train; delete them from the file" if many else "will be left out")
        )
    positive, because = _positive(values)
    field: dict[str, Any] = {"name": column.name, "type": _type(values)}
    if field["type"] == "boolean":
        positive = True
    else:
        field["constraints"] = {"enum": sorted(values, key=_order)}
    notes.append(
        f"of the target {column.name}, {_shown(positive)} counts as yes, {because}; to change that, name "
        "another value "
        "in target.positive of the schema"
    )
    return field, positive, notes


def _has_two_values(column: ColumnSummary) -> bool:
    return not column.overflowing and len(_values(column)) == 2


def _values(column: ColumnSummary, *, with_missing: bool = True) -> dict[Word, int]:
    """Rows of each distinct value, numbers as numbers. A word for a missing value counts where it makes two
    of one.
    """
    if column.numbers == column.present and column.present:
        mark = column.writings.decimal()
        rows_of_value: dict[Word, int] = {}
        for cell, rows in column.counts.items():
            number = float(plain(cell, mark))
            value = int(number) if number.is_integer() else number
            rows_of_value[value] = rows_of_value.get(value, 0) + rows
        return rows_of_value
    words = column.spellings()
    if with_missing and len(words) == 1 and len(with_blank := column.spellings(with_missing=True)) == 2:
        words = with_blank
    return dict(words.items())


def _check_two(column: ColumnSummary, values: dict[Word, int]) -> None:
    if len(values) == 2 and not column.overflowing:
        return
    shown = listed(map(_shown, [*values][:_MAX_VALUES]))
    if not values:
        raise InvalidInput(
            f"the target {column.name} has no value in any row; if another column is to be predicted, {_SAY}"
        )
    if len(values) == 1:
        raise InvalidInput(
            f"the target {column.name} has one value only, {shown}; to learn from, rows of both outcomes "
            "are needed"
        )
    many = f"over {len(values):,}" if column.overflowing else f"{len(values):,}"
    few = len(values) <= _MAX_VALUES and all(isinstance(value, int) for value in values)
    if column.numbers == column.present and not few:
        kind, cure = "numbers", "a number cannot be predicted yet, only one of two values"
    else:
        kind = "values"
        cure = (
            "only one of two values can be predicted. To tell some of them from all others, name those in "
            "target.positive of a schema"
        )
    raise InvalidInput(
        f"the target {column.name} has {many} distinct {kind}, such as {shown}; {cure}. "
        f"If another column is to be predicted, {_SAY}"
    )


def _type(values: dict[Word, int]) -> str:
    if all(isinstance(value, int) for value in values):
        return "integer"
    if all(isinstance(value, int | float) for value in values):
        return "number"
    return "boolean" if {str(value).casefold() for value in values} == {"true", "false"} else "string"


def _positive(values: dict[Word, int]) -> tuple[Word, str]:
    """The value of two that counts as yes, and why."""
    first, second = values
    if not isinstance(first, str) or not isinstance(second, str):
        if set(values) in ({0, 1}, {-1, 1}):
            return 1, "as the greater"
        return _rarer(values)
    for word, other in ((first, second), (second, first)):
        low, high = other.casefold(), word.casefold()
        if any(low == f"{prefix}{high}" for prefix in _NEGATIONS):
            return word, f"as {other} is its opposite"
    known = [word for word in (first, second) if word.casefold() in _POSITIVE]
    if len(known) == 1:
        return known[0], "by its meaning"
    greater = [word for word in (first, second) if word.startswith((">", "≥")) or word.endswith("+")]
    if len(greater) == 1:
        return greater[0], "as the greater"
    return _rarer(values)


def _rarer(values: dict[Word, int]) -> tuple[Word, str]:
    (first, few), (second, many) = values.items()
    if few == many:
        return max(first, second, key=str), "as the last in order, both being equally frequent"
    return (first if few < many else second), "as the rarer one"


def _order(value: Word) -> tuple[float, str]:
    return (0, value) if isinstance(value, str) else (value, "")


def _shown(value: Word) -> str:
    return str(value)
