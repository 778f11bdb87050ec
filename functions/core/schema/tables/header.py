"""Which column of a file is which field of a schema."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from functions.core.base.errors import InvalidInput
from functions.core.schema.schema import LABELLED_BY, REPRESENTATIVE, Schema, fold

MAX_LISTED = 30
"""Columns that a sentence names."""
MAX_NAME_SHOWN = 60


@dataclass(frozen=True, slots=True)
class ColumnsReport:
    """What became of the columns of a file, in its own spelling.

    used: the field that each column is, by the name of the column. passed_over: columns that are none, but
    for those without a name. missing: fields that can do without a column and have none. notes: what had to
    be decided to read the file, in sentences.
    """

    used: Mapping[str, str]
    passed_over: tuple[str, ...]
    missing: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the columns stand. fields: by name, of features and of the sources of derived ones."""

    fields: Mapping[str, int]
    target: int | None
    representative: int | None
    labelled_by: int | None

    def indices(self, target: str) -> dict[str, int]:
        """All of them by name."""
        others = {
            target: self.target,
            REPRESENTATIVE: self.representative,
            LABELLED_BY: self.labelled_by,
        }
        return {**self.fields, **{name: index for name, index in others.items() if index is not None}}


def known_names(schema: Schema) -> frozenset[str]:
    """The names, folded, that a header may be expected to have."""
    return frozenset(schema.accepted) | schema.passed_over


def place_columns(header: Sequence[str], schema: Schema, *, labelled: bool) -> Placement:
    """Find the columns. Raises `InvalidInput` when a field has two columns, or none and is required."""
    names = dict(schema.accepted)
    if labelled:
        own = {fold(name): name for name in (REPRESENTATIVE, LABELLED_BY)}
        names = own | dict.fromkeys(schema.target_spellings, schema.target.name) | names
    fields: dict[str, int] = {}
    for index, column in enumerate(header):
        if name := names.get(fold(column)):
            if name in fields:
                raise _twice(name, header[fields[name]], column)
            fields[name] = index
    # What is left are those that the schema has of a row.
    target, *flags = (fields.pop(name, None) for name in (schema.target.name, REPRESENTATIVE, LABELLED_BY))
    lacking = [
        field.name
        for field in schema.features
        if field.required and field.name not in fields and not _derivable(field.name, fields, schema)
    ]
    if labelled and target is None:
        lacking.append(schema.target.name)
    if lacking:
        raise InvalidInput(_lacking(lacking, header))
    return Placement(fields, target, *flags)


def report_columns(
    header: Sequence[str], placement: Placement, schema: Schema, notes: Iterable[str]
) -> ColumnsReport:
    """What became of each column of the header."""
    used = {header[index]: name for name, index in placement.indices(schema.target.name).items()}
    return ColumnsReport(
        used=used,
        passed_over=tuple(name for name in header if name and name not in used),
        missing=tuple(
            name
            for name in schema.names
            if name not in placement.fields and not _derivable(name, placement.fields, schema)
        ),
        notes=tuple(notes),
    )


def listed(names: Iterable[str]) -> str:
    """Names for a sentence, of many only the first; over-long ones cut, and in them nothing that moves the
    cursor of a terminal."""
    names = [*map(_shown, names)]
    more = f" and {len(names) - MAX_LISTED} more" if len(names) > MAX_LISTED else ""
    return ", ".join(names[:MAX_LISTED]) + more


def _shown(name: str) -> str:
    cut = name if len(name) <= MAX_NAME_SHOWN else f"{name[:MAX_NAME_SHOWN]}..."
    if cut.isprintable():
        return cut
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in cut)


def _twice(name: str, first: str, second: str) -> InvalidInput:
    if first == second:
        return InvalidInput(f"the column {first} stands twice in the header; delete one of them")
    return InvalidInput(f"the columns {first} and {second} are both {name}; delete one of them")


def _derivable(name: str, fields: Mapping[str, int], schema: Schema) -> bool:
    return any(derived.name == name and derived.source in fields for derived in schema.derived)


def _lacking(lacking: Sequence[str], header: Sequence[str]) -> str:
    seen = [name for name in header if name]
    names = " and no column ".join(lacking)
    text = f"the header has no column {names}; its columns are: {listed(seen) or 'none'}. "
    if len(header) == 1:
        return text + "Separate columns by a comma, a semicolon, a tab or a pipe"
    if any(_is_number(name) for name in seen):
        return text + "The first line looks like a row of values, and has to name the columns"
    return text + (
        "Add what is missing, or name the column in the header as the schema does; to train without it, take "
        "it out of the schema"
    )


def _is_number(name: str) -> bool:
    return name.replace(".", "", 1).replace(",", "", 1).lstrip("+-").isdecimal()
