"""Cuts the files of a table into pieces, which workers read by themselves, with the reader of all tables.

What runs on a worker answers what is wrong with a file, and raises nothing that Dask would log and try again.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from itertools import takewhile
from typing import Any, BinaryIO, ParamSpec, TypeVar

from functions.core.base.errors import InvalidInput, LifeboatError
from functions.core.schema.document.parsing import parse_schema
from functions.core.schema.rows import RowReader
from functions.core.schema.tables.chunks import Chunk
from functions.core.schema.tables.header import ColumnsReport
from functions.core.schema.tables.parquet import ParquetTable, is_parquet
from functions.core.schema.tables.table import CHUNK_ROWS, open_table, read_parts
from functions.core.schema.text.dialect import Dialect
from functions.core.schema.text.row_cutting import PART_BYTES, cut_rows
from training.table.formats import open_any_table
from training.table.labelled_rows import LabelledRows, join_rows, label_rows
from training.table.source import Source

# Pieces for each worker, so that all have about as much; and bytes that a piece has at the least and at most,
# both powers of two, as any size between them is.
_PIECES = 8
_MIN_BYTES, _MAX_BYTES = 1 << 12, 1 << 26
_WIDE = ("utf-16", "utf-32")

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Piece:
    """Rows of a file. size: in bytes, to weigh one against another. dialect: how a text is read from byte
    `begins`, where line `line` is, up to `ends`, cut at multiples of `cut`; None for a file that only one
    reader can go through, from its beginning. groups: of a Parquet file, its row groups.
    """

    size: int
    dialect: Dialect | None = None
    begins: int = 0
    ends: int = 0
    line: int = 0
    cut: int = PART_BYTES
    groups: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Surveyed:
    """What became of a file's columns, and its pieces, in order."""

    report: ColumnsReport
    pieces: tuple[Piece, ...]


def piece_bytes(size: int, workers: int) -> int:
    """How many bytes a piece of a table of `size` bytes is to have: a power of two."""
    wanted = min(max(size // (workers * _PIECES), _MIN_BYTES), _MAX_BYTES)
    return 1 << (wanted - 1).bit_length()


def assign(pieces: Sequence[Piece], workers: int) -> list[range]:
    """For each worker that gets any, which pieces, in order, so that all have about as many bytes."""
    total, before = max(1, sum(piece.size for piece in pieces)), 0
    blocks: list[list[int]] = [[] for _ in range(workers)]
    for number, piece in enumerate(pieces):
        # It goes to whom its middle belongs.
        middle = before + piece.size / 2
        blocks[min(workers - 1, int(middle * workers / total))].append(number)
        before += piece.size
    return [range(block[0], block[-1] + 1) for block in blocks if block]


def _answering(function: Callable[P, T]) -> Callable[P, T | LifeboatError]:
    """Answer what is wrong with a file, and what this machine cannot read."""

    @wraps(function)
    def answer(*arguments: P.args, **options: P.kwargs) -> T | LifeboatError:
        try:
            return function(*arguments, **options)
        except LifeboatError as error:
            return error
        except OSError as error:
            return InvalidInput(
                f"a worker of the cluster cannot read it ({error.strerror or error}): a file has to be where "
                "all workers find it by the same path, or at s3://"
            )

    return answer


@_answering
def survey_file(source: Source, schema: Mapping[str, Any], size: int) -> Surveyed:
    """Read as much of a file as it takes to know its columns and its pieces, of about `size` bytes."""
    reader = RowReader(parse_schema(schema))
    with source.open("rb") as stream:
        if is_parquet(stream):
            table = ParquetTable(stream, reader, labelled=True, chunk_rows=CHUNK_ROWS)
            return Surveyed(table.columns_report, (*_groups(table.group_bytes, size),))
        text = open_table(stream, reader, labelled=True)
        stream.seek(0)
        is_packed = stream.read(2) == b"\x1f\x8b"
        if is_packed or text.dialect.encoding in _WIDE:
            return Surveyed(text.columns_report, (Piece(stream.seek(0, 2)),))
        return Surveyed(text.columns_report, (*_parts(stream, text.dialect, size),))


def _groups(sizes: Sequence[int], size: int) -> Iterator[Piece]:
    """Row groups that follow one another, as many as have `size` bytes together, or a large one alone."""
    first, total = 0, 0
    for number, own in enumerate(sizes):
        if total and total + own > size:
            yield Piece(total, groups=(*range(first, number),))
            first, total = number, 0
        total += own
    yield Piece(total, groups=(*range(first, len(sizes)),))


def _parts(stream: BinaryIO, dialect: Dialect, size: int) -> Iterator[Piece]:
    cut = min(size, PART_BYTES)
    for part in cut_rows(stream, dialect, size=size):
        yield Piece(len(part.body), dialect, part.begins, part.ends, part.line, cut)


@_answering
def read_piece(source: Source, schema: Mapping[str, Any], piece: Piece) -> LabelledRows:
    """The rows of a piece."""
    parsed = parse_schema(schema)
    reader = RowReader(parsed)
    with source.open("rb") as stream:
        return join_rows([label_rows(chunk, parsed) for chunk in _chunks(stream, reader, piece)], parsed)


def _chunks(stream: BinaryIO, reader: RowReader, piece: Piece) -> Iterator[Chunk]:
    if piece.groups is not None:
        table = ParquetTable(stream, reader, labelled=True, chunk_rows=CHUNK_ROWS)
        yield from table.chunks(piece.groups)
    elif piece.dialect is None:
        yield from open_any_table(stream, reader)
    else:
        # The size of a piece is a multiple of that of its parts: where it ends, one of them does.
        parts = cut_rows(stream, piece.dialect, begins=piece.begins, line=piece.line, size=piece.cut)
        mine = takewhile(lambda part: part.begins < piece.ends, parts)
        yield from read_parts(mine, reader, piece.dialect)
