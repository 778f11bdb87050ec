"""Which column of a file is to be predicted, and how: the field, and the values that count as yes."""

from collections.abc import Iterable, Sequence
from typing import Any

from functions.core.base.errors import InvalidInput
from functions.core.schema.document.fields import MAX_CATEGORIES
from functions.core.schema.inference.column_summary import MAX_SHOWN, ColumnSummary
from functions.core.schema.inference.positive_values import choose_positive, find_named
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
_NAME_ANOTHER = (
    "name another value with `--positive` (of make: POSITIVE=...), or in target.positive of the schema"
)
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


def describe_target(
    column: ColumnSummary, named: str | None = None
) -> tuple[dict[str, Any], Word | list[Word], list[str]]:
    """The target as a field of a schema, its positive value or values, and what there is to say of it.

    named: the values that count as yes, with commas between; None: the one of two values that seems to.
    Raises `InvalidInput` for a column that has not two values or, with `named`, has not the named ones and
    others.
    """
    values = _values(column)
    _check_values(column, values, several=named is not None)
    if named is None:
        value, because = choose_positive(values)
        positive = [value]
        counts = f"{_shown(value)} counts as yes, {because}; to change that, {_NAME_ANOTHER}"
    else:
        positive = find_named(column.name, values, named)
        negative = [value for value in values if value not in positive]
        verb = "counts" if len(positive) == 1 else "count"
        counts = f"{_all_shown(positive)} {verb} as yes, and {_all_shown(negative)} as no, as was asked for"
    type_ = _type(values, positive)
    field: dict[str, Any] = {"name": column.name, "type": type_}
    if type_ != "boolean":
        field["constraints"] = {"enum": sorted(values, key=_order)}
    notes = [*_notes_on_missing(column, values), f"of the target {column.name}, {counts}"]
    if type_ == "boolean":
        return field, True, notes
    return field, positive[0] if len(positive) == 1 else positive, notes


def _notes_on_missing(column: ColumnSummary, values: dict[Word, int]) -> list[str]:
    if len(values) > len(_values(column, with_missing=False)):
        missing = column.missing_words[""]
    else:
        missing = column.missing
    if not missing:
        return []
    fate = "will be left out"
    if missing > MAX_MISSING * column.rows:
        fate = "are too many to train; delete them from the file"
    return [f"the target {column.name} is missing in {missing:,} rows, which {fate}"]


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


def _check_values(column: ColumnSummary, values: dict[Word, int], *, several: bool) -> None:
    """Raise `InvalidInput` where it takes more to predict the column. several: it may have more than two
    values, because somebody names those that count as yes."""
    shown = _all_shown([*values][:_MAX_VALUES])
    if not values:
        raise InvalidInput(
            f"the target {column.name} has no value in any row; if another column is to be predicted, {_SAY}"
        )
    if len(values) == 1:
        raise InvalidInput(
            f"the target {column.name} has one value only, {shown}; to learn from, rows of both outcomes "
            "are needed"
        )
    if not column.overflowing and any(len(_shown(value)) >= MAX_SHOWN for value in values):
        raise InvalidInput(
            f"the target {column.name} has values of {MAX_SHOWN} characters and more: put short words in "
            f"their place, or if another column is to be predicted, {_SAY}"
        )
    if not column.overflowing and (len(values) == 2 or (several and len(values) <= MAX_CATEGORIES)):
        return
    many = f"over {len(values):,}" if column.overflowing else f"{len(values):,}"
    few = len(values) <= _MAX_VALUES and all(isinstance(value, int) for value in values)
    if column.numbers == column.present and not few:
        kind, cure = "numbers", "a number cannot be predicted yet, only one of two values"
    else:
        kind = "values"
        cure = (
            "only one of two values can be predicted. To tell some of them from all others, name those with "
            "`--positive`, with commas between (of make: POSITIVE=...), or in target.positive of a schema"
        )
    raise InvalidInput(
        f"the target {column.name} has {many} distinct {kind}, such as {shown}; {cure}. "
        f"If another column is to be predicted, {_SAY}"
    )


def _type(values: dict[Word, int], positive: Sequence[Word]) -> str:
    if all(isinstance(value, int) for value in values):
        # Of whole numbers that are 0 and 1, the positive value is 1 (`core.schema.document.target`).
        return "number" if set(values) == {0, 1} and positive == [0] else "integer"
    if all(isinstance(value, int | float) for value in values):
        return "number"
    # Of true and false, it is true.
    words = {str(value).casefold() for value in values}
    is_boolean = words == {"true", "false"} and str(positive[0]).casefold() == "true"
    return "boolean" if is_boolean else "string"


def _order(value: Word) -> tuple[float, str]:
    return (0, value) if isinstance(value, str) else (value, "")


def _shown(value: Word) -> str:
    return str(value)


def _all_shown(values: Iterable[Word]) -> str:
    return listed(map(_shown, values))
