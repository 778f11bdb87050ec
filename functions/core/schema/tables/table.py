"""Reads rows of a schema from a table as people really save it, chunk by chunk, naming whatever is wrong."""

from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO

from functions.core.base.errors import InvalidInput
from functions.core.schema.rows import RowReader
from functions.core.schema.schema import Schema, fold
from functions.core.schema.tables.chunks import Chunk, ChunkReader
from functions.core.schema.tables.grouped_numbers import may_be_grouped
from functions.core.schema.tables.header import (
    ColumnsReport,
    known_names,
    listed,
    place_columns,
    report_columns,
)
from functions.core.schema.tables.numbers import Writings, decimal_marks, notes_on_marks
from functions.core.schema.tables.plain_chunks import PlainReader
from functions.core.schema.text.delimited import DelimitedFile, parse_rows
from functions.core.schema.text.dialect import Dialect
from functions.core.schema.text.file_end import ends_within_row
from functions.core.schema.text.file_format import MAX_DECOMPRESSED, TextFile, open_text
from functions.core.schema.text.row_cutting import Part, find_line
from functions.core.schema.text.row_shape import Rows
from functions.core.schema.text.spans import Spans, find_spans

CHUNK_ROWS = 10_000


class Table:
    """The rows of a file. It can be gone through more than once, though not at the same time."""

    def __init__(self, text: TextFile, rows: RowReader, *, labelled: bool, chunk_rows: int) -> None:
        self._rows = rows
        self._schema = schema = rows.schema
        self._labelled = labelled
        self._chunk_rows = chunk_rows
        self._text = text
        self._file = DelimitedFile(text, known_names(schema))
        self._placement = place_columns(self._file.header, schema, labelled=labelled)
        self._marks, notes = self._decimal_marks(text)
        self.columns_report: ColumnsReport = report_columns(
            self._file.header, self._placement, schema, [*self._file.notes, *notes, *self._notes_on_end(text)]
        )

    @property
    def dialect(self) -> Dialect:
        """How the file is read, for whoever reads a part of it (`rows_of_text`)."""
        lines, text = self._file.header_lines(), self._text
        encoding = "utf-8" if text.encoding == "utf-8-sig" else text.encoding
        return Dialect(
            header=(*self._file.header,),
            separator=self._file.separator,
            encoding=encoding,
            errors=text.errors,
            marks=self._marks,
            begins=find_line(text.stream, lines + 1),
            line=lines + 1,
        )

    def __iter__(self) -> Iterator[Chunk]:
        """The chunks, in order. Raises `InvalidInput` where the file stops being CSV."""
        reader = ChunkReader(
            self._rows, self._file.header, self._placement, self._marks, labelled=self._labelled
        )
        plain = PlainReader(reader)
        for part in self._file.parts(self._chunk_rows, find_spans):
            chunk = plain.read(part) if isinstance(part, Spans) else reader.read(part)
            if chunk.lines or chunk.bad:
                yield chunk

    def cells_of(self, names: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
        """Of each row the line on which it begins, from 1, and its cells in the columns of these names, as
        the file has them; "" in a row that is wider than the header.

        Raises `InvalidInput` for a name that no column has, and where the file stops being CSV.
        """
        spellings = {fold(name): index for index, name in reversed([*enumerate(self._file.header)]) if name}
        unknown = [name for name in names if fold(name) not in spellings]
        if unknown:
            seen = [name for name in self._file.header if name]
            raise InvalidInput(f"no column is named {listed(unknown)}; there are {listed(seen)}")
        indices = [spellings[fold(name)] for name in names]
        for rows in self._file.rows(self._chunk_rows):
            for line, cells in zip(rows.lines, rows.cells, strict=True):
                yield line, [cells[index] for index in indices]
            for line, _ in rows.wide:
                yield line, [""] * len(indices)

    def _notes_on_end(self, text: TextFile) -> list[str]:
        if not ends_within_row(text, self._file.separator, len(self._file.header)):
            return []
        return ["the last line has no end and fewer cells than the header: the file may have been cut off"]

    def _decimal_marks(self, text: TextFile) -> tuple[dict[str, str], list[str]]:
        """The decimal mark of each field whose numbers may not be written plainly; and what was decided, in
        sentences.
        """
        fields = {field.name: field for field in self._schema.fields if field.type in ("number", "integer")}
        columns = {
            name: (index, Writings(self._file.header[index], fields[name].type == "integer"))
            for name, index in self._placement.indices(self._schema.target.name).items()
            if name in fields
        }
        wide = text.encoding in ("utf-16", "utf-32")
        if not columns or not (wide or may_be_grouped(text.blocks(), self._file.separator)):
            return {}, []
        self._read_writings([*columns.values()])
        every = [writings for _, writings in columns.values()]
        marks = decimal_marks(every, self._file.separator)
        return {name: marks[writings.column] for name, (_, writings) in columns.items()}, notes_on_marks(
            every, marks
        )

    def _read_writings(self, columns: Sequence[tuple[int, Writings]]) -> None:
        """Take in how the numbers of columns are written, in all of the file. columns: by their places."""
        for part in self._file.parts(self._chunk_rows, find_spans):
            if isinstance(part, Spans) and not part.is_odd.any():
                lines = part.lines.tolist()
                for index, writings in columns:
                    writings.add(part.cells(index).texts(), lines)
                continue
            rows = part.read_rows(range(len(part.lines))) if isinstance(part, Spans) else part
            for index, writings in columns:
                writings.add([row[index] for row in rows.cells], rows.lines)


def open_table(
    stream: BinaryIO,
    schema: Schema | RowReader,
    *,
    labelled: bool,
    chunk_rows: int = CHUNK_ROWS,
    max_decompressed: int = MAX_DECOMPRESSED,
) -> Table:
    """The table in a seekable stream: text with a header line, of one of the usual encodings and separators,
    or in gzip.

    schema: or what reads rows by it, for who has one already. labelled: the table needs the column of the
    target, and may have the column `representative`.
    Raises `InvalidInput` when the file as a whole cannot be read; a bad row does not.
    """
    text = open_text(stream, max_decompressed=max_decompressed)
    rows = RowReader(schema) if isinstance(schema, Schema) else schema
    return Table(text, rows, labelled=labelled, chunk_rows=chunk_rows)


def decode_part(part: Part, dialect: Dialect) -> str:
    """The text of a part of a table."""
    return part.body.decode(dialect.encoding, dialect.errors)


def rows_of_text(text: str, line: int, dialect: Dialect) -> Rows:
    """The rows of a part's text, as `Table` reads them. line: of the file, on which it begins. Raises
    `InvalidInput` where it is no CSV.
    """
    return parse_rows(text, line, dialect.separator, len(dialect.header))


def chunk_reader(rows: RowReader, dialect: Dialect, *, labelled: bool = False) -> ChunkReader:
    """What makes chunks of rows that `rows_of_text` read. Raises `InvalidInput`."""
    placement = place_columns(dialect.header, rows.schema, labelled=labelled)
    return ChunkReader(rows, dialect.header, placement, dialect.marks, labelled=labelled)


def read_parts(parts: Iterable[Part], rows: RowReader, dialect: Dialect) -> Iterator[Chunk]:
    """The rows of parts of a table with labels, a chunk for each, as `Table` reads them. Raises
    `InvalidInput` where the text is no CSV.
    """
    reader = chunk_reader(rows, dialect, labelled=True)
    plain = PlainReader(reader)
    for part in parts:
        text = decode_part(part, dialect)
        spans = find_spans(text, dialect.separator, len(dialect.header), part.line)
        yield reader.read(rows_of_text(text, part.line, dialect)) if spans is None else plain.read(spans)
