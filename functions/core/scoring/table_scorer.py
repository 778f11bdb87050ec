"""From a part of a table to the same part of the table of answers: bytes in, bytes out.

The one implementation of offline scoring: jobs on the store, one process, many, or another machine. A file is
surveyed once, cut between rows, and each part is scored by itself; the answers do not depend on where it was
cut, and are those of `POST /predict/batch` to the last byte. On one core:

    stream = open_plain(file)                          # a seekable stream of CSV, or of CSV in gzip
    survey = survey_table(stream, RowReader(schema))   # reads all of it once; refuses what is no table
    table = TableScorer(scorer, reader, version, survey.dialect)
    output.write(table.header())
    for part in cut_rows(stream, survey.dialect):      # of core.schema.text.row_cutting; in order
        output.write(table.score(part).body)           # needs nothing but the part: here, or anywhere else

`Dialect` and `Part` are small and can be pickled; `Dialect.as_json` is for what is kept. A `TableScorer` is
made once in each process. A `Batch` of a Parquet file is a part as well.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import add
from typing import BinaryIO, cast

from functions.core.schema.columns import Columns
from functions.core.schema.rows import RowReader
from functions.core.schema.tables.chunks import Chunk
from functions.core.schema.tables.header import ColumnsReport
from functions.core.schema.tables.parquet import Batch
from functions.core.schema.tables.plain_chunks import PlainReader
from functions.core.schema.tables.table import chunk_reader, decode_part, open_table, rows_of_text
from functions.core.schema.text.dialect import Dialect
from functions.core.schema.text.file_format import MAX_LINE
from functions.core.schema.text.row_cutting import Part, check_unfinished, read_bytes
from functions.core.schema.text.spans import find_spans
from functions.core.schema.text.streams import Measured, recode, unpack
from functions.core.scoring.answer_cells import (
    name_columns,
    name_explanation,
    name_kept,
    write_cell,
    write_error,
    write_explanation,
    write_numbers,
)
from functions.core.scoring.explain import Explanation
from functions.core.scoring.kept_lines import Kept, kept_of_rows, kept_of_spans
from functions.core.scoring.scorer import Scorer


@dataclass(frozen=True, slots=True)
class Survey:
    """What is known of a table before its rows are scored.

    size: of the plain text, in bytes. lines: below the header: as many rows, but for blank lines and for line
    breaks in cells.
    """

    dialect: Dialect
    report: ColumnsReport
    size: int
    lines: int


@dataclass(frozen=True, slots=True)
class ScoredPart:
    """CSV without a header; how many rows it has, and how many of these were not scored."""

    body: bytes
    rows: int
    bad: int


def open_plain(stream: BinaryIO) -> BinaryIO:
    """The plain text of a seekable stream, as `survey_table` and `cut_rows` read it. Nothing is kept on disk.

    Reading raises `InvalidInput` where gzip is damaged, cut off, or a bomb.
    """
    return recode(unpack(stream))


def survey_table(stream: BinaryIO, reader: RowReader) -> Survey:
    """Read all of a plain text once, to know how to read its parts.

    Raises `InvalidInput` for what is no table of the schema: no text, no header, a column that is missing.
    """
    # Or all of a file of one line would be read to say so.
    stream.seek(0)
    head = read_bytes(stream, 4 * MAX_LINE)
    if b"\0" not in head:
        check_unfinished(head, 1)
    measured = Measured(stream)
    table = open_table(cast(BinaryIO, measured), reader, labelled=False)
    dialect = table.dialect
    lines = measured.lines - dialect.line + 1
    return Survey(dialect, table.columns_report, measured.size, lines)


class TableScorer:
    """Scores the parts of one table.

    explain: makes the explanation of rows, where answers shall have one.
    """

    def __init__(
        self,
        scorer: Scorer,
        reader: RowReader,
        version: str,
        dialect: Dialect,
        *,
        explain: Callable[[Columns], Explanation] | None = None,
    ) -> None:
        self._scorer = scorer
        self._schema = schema = reader.schema
        self._version = version
        self._dialect = dialect
        self._explain = explain
        self._chunks = chunk_reader(reader, dialect)
        self._plain = PlainReader(self._chunks)
        self._words = [*map(write_cell, schema.target.cells())]
        answers = [schema.target.name, "probability", *name_columns(schema, ["version"])]
        if explain:
            answers += name_explanation(schema)
        self._columns = [*answers, *name_columns(schema, ["error"])]

    def header(self) -> bytes:
        """The line with the names of the columns: those that came in, then those of the answer."""
        kept = name_kept(self._dialect.header, self._columns)
        return f"{','.join(map(write_cell, [*kept, *self._columns]))}\n".encode()

    def score(self, part: Part | Batch) -> ScoredPart:
        """Score whole rows of the text, or of a Parquet file.

        Raises `InvalidInput` where the text stops being CSV, `UnsoundAnswer`.
        """
        dialect, width = self._dialect, len(self._dialect.header)
        if isinstance(part, Batch):
            return self._lines(kept_of_rows(part.read_rows(range(part.size)), width), self._plain.read(part))
        text = decode_part(part, dialect)
        spans = find_spans(text, dialect.separator, width, part.line)
        if spans is None:
            rows = rows_of_text(text, part.line, dialect)
            return self._lines(kept_of_rows(rows, width), self._chunks.read(rows))
        return self._lines(kept_of_spans(spans), self._plain.read(spans))

    def _lines(self, kept: Kept, chunk: Chunk) -> ScoredPart:
        count = len(chunk.lines) + len(chunk.bad)
        if not count:
            return ScoredPart(b"", 0, 0)
        answers = self._answer(chunk)
        lines = self._with_bad(kept, chunk, answers) if chunk.bad else map(add, kept.texts, answers)
        return ScoredPart("".join(lines).encode(), count, len(chunk.bad))

    def _answer(self, chunk: Chunk) -> Iterable[str]:
        """The cells of the answer to each good row, with a separator before them, to the end of the line."""
        if not chunk.lines:
            return []
        label, probability = self._scorer.run(chunk.columns)
        columns: list[Sequence[str]] = [
            [self._words[outcome] for outcome in label.tolist()],
            write_numbers(probability.tolist()),
        ]
        line = f",%s,%s,{self._version}"
        if self._explain:
            columns += write_explanation(self._explain(chunk.columns))
            line += ",%s" * (len(columns) - 2)
        return map(f"{line},\n".__mod__, zip(*columns, strict=True))

    def _with_bad(self, kept: Kept, chunk: Chunk, answers: Iterable[str]) -> Iterable[str]:
        """The lines of good and bad rows, in the order of the table."""
        behind = dict(zip(chunk.lines, answers, strict=True))
        empty = "," * len(self._columns)
        for bad in chunk.bad:
            behind[bad.line] = f"{empty}{write_cell(write_error(bad.column, bad.reason))}\n"
        return [text + behind[line] for line, text in zip(kept.lines, kept.texts, strict=True)]
