"""The plain text of a file in gzip or in UTF-16: never all of it in memory, and no bomb."""

import gzip
import io
import tracemalloc
import zlib
from collections import deque

import pytest

from functions.core.base.errors import InvalidInput
from functions.core.schema.text import streams as plain_text
from functions.core.schema.text.streams import Measured, recode, unpack

TEXT = "a,b\nü,1\r\nx,2\ry,3".encode()


@pytest.mark.parametrize(
    "body", [TEXT, gzip.compress(TEXT), gzip.compress(TEXT[:5]) + gzip.compress(TEXT[5:])]
)
def test_whatever_is_packed_is_read_as_it_was(body: bytes) -> None:
    stream = unpack(io.BytesIO(body))
    assert stream.read() == TEXT
    for start in (3, 0, 7):
        stream.seek(start)
        assert stream.tell() == start
        assert stream.read(4) == TEXT[start : start + 4]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_wide_letters_become_utf_8(encoding: str) -> None:
    stream = recode(io.BytesIO(TEXT.decode().encode(encoding)))
    assert stream.read() == TEXT
    for start in (3, 0, 7):
        stream.seek(start)
        assert stream.read(4) == TEXT[start : start + 4]
    cut = recode(io.BytesIO(TEXT.decode().encode(encoding)[:-1]))
    with pytest.raises(InvalidInput, match="says by its first bytes that it is UTF"):
        cut.read()


def test_lines_are_counted_wherever_the_blocks_end() -> None:
    for size in (1, 2, 3, 100):
        measured = Measured(io.BytesIO(TEXT))
        while measured.read(size):
            pass
        assert (measured.size, measured.lines) == (len(TEXT), 4)
        measured.seek(0)
        measured.read(5)
        assert measured.lines == 4, "what is read again is not counted again"


@pytest.mark.parametrize("cut", [10, -1, -9])
def test_what_is_cut_off_says_so(cut: int) -> None:
    with pytest.raises(InvalidInput, match="damaged or cut off"):
        unpack(io.BytesIO(gzip.compress(TEXT * 50)[:cut])).read()


def test_a_bomb_is_refused_early_and_in_little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain_text, "FREE_BYTES", 4 << 20)
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packer.compress(b"1,2\n" * (1 << 18)) for _ in range(200)) + packer.flush()
    stream = unpack(io.BytesIO(bomb))
    tracemalloc.start()
    with pytest.raises(InvalidInput, match="200 times as large"):
        deque(iter(lambda: stream.read(1 << 20), b""), maxlen=0)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 << 20
