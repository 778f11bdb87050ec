"""A text is cut between rows, and nowhere else: what csv reads of the parts is what it reads of the whole."""

import csv
import io
import random
from typing import BinaryIO, cast

import pytest

from functions.core.base.errors import InvalidInput
from functions.core.schema.text.dialect import Dialect
from functions.core.schema.text.row_cutting import count_lines, cut_rows, find_line

PIECES = ["a", '"', '""', ",", "\n", "\r\n", "\r", " ", "b c", '"x"', '"1,2"', '"y\nz"', ',"', '",', '"\n']


def dialect(separator: str = ",") -> Dialect:
    return Dialect(("a", "b"), separator, "utf-8", "strict", {}, 0, 1)


def rows_of(text: str) -> list[list[str]]:
    return [*csv.reader(io.StringIO(text, newline=""), strict=True, skipinitialspace=True)]


def well_formed(draw: random.Random) -> str:
    """A text that csv reads, however odd."""
    while True:
        text = "".join(draw.choice(PIECES) for _ in range(draw.randrange(1, 40)))
        try:
            rows_of(text)
        except csv.Error:
            continue
        return text


@pytest.mark.parametrize("seed", range(150))
def test_the_rows_of_the_parts_are_the_rows_of_the_whole(seed: int) -> None:
    text = well_formed(random.Random(seed))  # noqa: S311
    for size in (1, 2, 5, 16):
        parts = [*cut_rows(io.BytesIO(text.encode()), dialect(), size=size)]
        assert b"".join(part.body for part in parts).decode() == text
        assert [row for part in parts for row in rows_of(part.body.decode())] == rows_of(text)
        for part in parts:
            before = text.encode()[: part.begins]
            assert part.line == 1 + count_lines(before)
            assert find_line(io.BytesIO(text.encode()), part.line) == part.begins


@pytest.mark.parametrize("seed", range(60))
def test_whoever_begins_where_a_part_ended_gets_the_same_parts(seed: int) -> None:
    text = well_formed(random.Random(seed)).encode()  # noqa: S311
    for size in (1, 3, 8):
        parts = [*cut_rows(io.BytesIO(text), dialect(), size=size)]
        for number, part in enumerate(parts, start=1):
            line = part.line + count_lines(part.body)
            again = cut_rows(io.BytesIO(text), dialect(), begins=part.ends, line=line, size=size)
            assert [*again] == parts[number:]


def test_a_line_and_a_row_that_never_end_are_refused_before_memory_is_full() -> None:
    class Endless(io.RawIOBase):
        def __init__(self, piece: bytes) -> None:
            self.piece, self.read_bytes = piece, 0

        def seekable(self) -> bool:
            return True

        def seek(self, offset: int, whence: int = 0) -> int:
            return offset

        def read(self, size: int = -1) -> bytes:
            self.read_bytes += size
            return (self.piece * (size // len(self.piece) + 1))[:size]

    cases = [(b"", b"x", "more than 1,000,000 characters"), (b'"', b"y\n", "probably never closed")]
    for head, piece, words in cases:
        endless = Endless(piece)
        stream = _Headed(head, endless)
        with pytest.raises(InvalidInput, match=words):
            for _ in cut_rows(cast(BinaryIO, stream), dialect()):
                pass
        assert endless.read_bytes < 8_000_000


class _Headed(io.RawIOBase):
    def __init__(self, head: bytes, rest: io.RawIOBase) -> None:
        self._head, self._rest = head, rest

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        return 0

    def read(self, size: int = -1) -> bytes:
        head, self._head = self._head, b""
        return head or self._rest.read(size) or b""
