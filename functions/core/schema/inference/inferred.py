"""Makes a schema for a table that comes without one, and says in sentences what it took each column for."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Protocol

from functions.core.base.errors import InvalidInput
from functions.core.schema.document.fields import MAX_FIELDS
from functions.core.schema.document.parsing import TWO_CLASS, InvalidSchema, parse_schema
from functions.core.schema.inference.column_kinds import Ignored, describe_column
from functions.core.schema.inference.column_summary import MAX_DISTINCT, ColumnSummary
from functions.core.schema.inference.target_choice import choose_target, describe_target
from functions.core.schema.schema import REPRESENTATIVE, RESERVED, fold
from functions.core.schema.tables.header import listed
from functions.core.schema.tables.numbers import Writings, decimal_marks, notes_on_marks
from functions.core.schema.text.delimited import DelimitedFile
from functions.core.schema.text.file_format import MAX_DECOMPRESSED, open_text
from functions.core.schema.text.row_shape import Rows

PROFILE = "https://datapackage.org/profiles/2.0/tableschema.json"

_CHUNK_ROWS = 10_000
# Words for missing values that are categories at times; of an empty cell and NA nothing is said.
_MEANT_AT_TIMES = frozenset({"?", "-", "--", ".", "none", "missing"})
# Distinct values that are remembered over all columns.
_MAX_REMEMBERED = 1_000_000


@dataclass(frozen=True, slots=True)
class Inferred:
    """document: a schema as `parse_schema` takes it. notes: what was decided, in sentences, each with its
    column.
    """

    document: dict[str, Any]
    notes: tuple[str, ...]


def infer_schema(
    stream: BinaryIO,
    *,
    target: str | None = None,
    positive: str | None = None,
    name: str | None = None,
    max_decompressed: int = MAX_DECOMPRESSED,
) -> Inferred:
    """The schema of the table in a seekable stream, which is read as `open_table` reads it.

    target: the column to predict, in any spelling. positive: its values that count as yes, with commas
    between; with it, the target may have more than two. name: the model's; a column of that name is taken for
    the target where none is given. Raises `InvalidInput` when the file cannot be read, or has no column to
    predict.
    """
    surveyed = survey_columns(stream, expected=(target, name), max_decompressed=max_decompressed)
    return infer_from(surveyed, target=target, positive=positive, name=name)


@dataclass(frozen=True, slots=True)
class Surveyed:
    """What the named columns of a file hold, in its order, and what there is to say of how it was read."""

    columns: tuple[ColumnSummary, ...]
    notes: tuple[str, ...]
    separator: str


def survey_columns(
    stream: BinaryIO,
    *,
    expected: Iterable[str | None] = (),
    max_decompressed: int = MAX_DECOMPRESSED,
) -> Surveyed:
    """Go through the table in a seekable stream once. expected: names that its header may have.

    Raises `InvalidInput` when the file cannot be read.
    """
    text = open_text(stream, max_decompressed=max_decompressed)
    return survey_file(DelimitedFile(text, {fold(word) for word in expected if word}))


class File(Protocol):
    """A table with a header: `DelimitedFile`, or one of another format."""

    header: list[str]
    notes: list[str]

    @property
    def separator(self) -> str: ...

    def rows(self, chunk_rows: int, /) -> Iterator[Rows]: ...


def survey_file(file: File) -> Surveyed:
    """The same for a file that is open. Raises `InvalidInput`."""
    _check_names(file.header)
    columns, notes = _summaries(file)
    return Surveyed(tuple(columns), (*file.notes, *notes), file.separator)


def infer_from(
    surveyed: Surveyed, *, target: str | None = None, positive: str | None = None, name: str | None = None
) -> Inferred:
    """The schema of a file that was gone through, as `infer_schema`. Raises `InvalidInput`."""
    columns, notes = surveyed.columns, [*surveyed.notes]
    chosen = choose_target(columns, target=target, name=name)
    field, positives, target_notes = describe_target(chosen, positive)
    notes += target_notes

    features = _describe_features(column for column in columns if column is not chosen)
    notes += features.notes
    notes += _notes_on_missing(columns, set(features.fields))
    notes += notes_on_marks(features.numeric, decimal_marks(features.numeric, surveyed.separator))
    if not features.fields:
        why = "; ".join(features.notes[-10:]) or "the file has no other"
        raise InvalidInput(f"no column is left to predict {chosen.name} from: {why}")
    fields = {**features.fields, chosen.name: field}
    if len(fields) > MAX_FIELDS:
        raise InvalidInput(f"{len(fields):,} columns could be fields; a schema has at most {MAX_FIELDS:,}")
    document = {
        "$schema": PROFILE,
        **({"name": name} if name else {}),
        "fields": [fields[column.name] for column in columns if column.name in fields],
        "target": {"field": chosen.name, "positive": positives},
        "task": TWO_CLASS,
        "ignored": features.ignored,
    }
    try:
        parse_schema(document)
    except InvalidSchema as error:
        raise InvalidInput("; ".join(error.faults)) from error
    return Inferred(document, tuple(notes))


@dataclass(frozen=True, slots=True)
class _Features:
    """Fields by the name of their column, the columns that are none, and how the numbers are written."""

    fields: dict[str, dict[str, Any]]
    ignored: list[str]
    numeric: list[Writings]
    notes: list[str]


def _describe_features(columns: Iterable[ColumnSummary]) -> _Features:
    """What the columns besides the target can be, in the order of the file."""
    features = _Features({}, [], [], [])
    for column in columns:
        if fold(column.name) in map(fold, RESERVED):
            features.notes.append(_note_on_reserved(column.name))
            continue
        description = describe_column(column)
        if isinstance(description, Ignored):
            features.ignored.append(column.name)
            features.notes.append(f"the column {listed([column.name])} {description.reason}")
            continue
        features.fields[column.name] = description.field
        features.notes.extend(f"the column {column.name} {note}" for note in description.notes)
        if description.field["type"] in ("number", "integer"):
            features.numeric.append(column.writings)
    return features


def _check_names(header: Sequence[str]) -> None:
    """Raises `InvalidInput` when two columns have names that are one name here."""
    names: dict[str, str] = {}
    for name in filter(None, header):
        if names.get(fold(name)) == name:
            raise InvalidInput(f"two columns are called {listed([name])}; rename or delete one of them")
        if fold(name) in names:
            other, this = listed([names[fold(name)]]), listed([name])
            raise InvalidInput(
                f"the columns {other} and {this} have names that differ by case, spaces or dashes at most; "
                "rename or delete one of them"
            )
        names[fold(name)] = name


def _note_on_reserved(name: str) -> str:
    if fold(name) == fold(REPRESENTATIVE):
        return (
            f"the column {name} says by which rows models are measured (1) and which are only learned from "
            "(0), and so is no feature; rename it if it means something else"
        )
    return f"the column {name} is one of Lifeboat's own, and so no feature; rename it to use it"


def _notes_on_missing(columns: Iterable[ColumnSummary], features: Collection[str]) -> list[str]:
    """Which words were taken for missing values, where people may have meant something by them."""
    columns_by_word: dict[str, list[str]] = {}
    for column in columns:
        for word in column.missing_words if column.name in features else ():
            if word.casefold() in _MEANT_AT_TIMES:
                columns_by_word.setdefault(word, []).append(column.name)
    return [
        f"{word} stands for a missing value, in {'columns' if len(names) > 1 else 'the column'} "
        f"{listed(names)}; if it is a category of its own, add it to the enum in the schema"
        for word, names in columns_by_word.items()
    ]


def _summaries(file: File) -> tuple[list[ColumnSummary], list[str]]:
    """What each column that has a name holds; and what there is to say of the rows."""
    named = [(index, name) for index, name in enumerate(file.header) if name]
    limit = max(100, min(MAX_DISTINCT, _MAX_REMEMBERED // max(1, len(named))))
    columns = [(index, ColumnSummary(name, limit)) for index, name in named]
    wide: list[tuple[int, int]] = []
    total = wide_rows = 0
    for rows in file.rows(_CHUNK_ROWS):
        total += len(rows.cells)
        wide_rows += len(rows.wide)
        wide = wide or rows.wide
        for index, column in columns:
            column.add([row[index] for row in rows.cells], rows.lines)
    if not total:
        raise InvalidInput(f"the file has no rows below its header, which names {listed(file.header)}")
    notes = []
    if wide:
        line, cells = wide[0]
        notes.append(
            f"{wide_rows:,} rows have more cells than the header and were left out; the one on line {line} "
            f"has {cells}, "
            f"the header {len(file.header)}"
        )
    return [column for _, column in columns], notes
