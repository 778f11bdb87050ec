"""Compression, encodings, and the bounds of what is read."""

import gzip
import io
from itertools import chain

import pytest

from functions.core.base.errors import InvalidInput
from functions.core.schema.text.file_format import MAX_LINE, Meter, TextFile, open_text

TEXT = "name,age\r\nRené,22\r\n\r\nAsa,30"


def read(body: bytes) -> tuple[TextFile, list[str]]:
    """The text, and its lines."""
    text = open_text(io.BytesIO(body))
    return text, list_lines(text)


def list_lines(text: TextFile) -> list[str]:
    meter = Meter()
    lines: list[str] = []
    for line in chain.from_iterable(text.lines(meter)):
        lines.append(line)
        meter.rows.append([])
    return lines


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"])
@pytest.mark.parametrize("packed", [False, True])
def test_a_text_is_read_in_its_encoding(encoding: str, packed: bool) -> None:
    body = TEXT.encode(encoding)
    text, lines = read(gzip.compress(body) if packed else body)
    assert text.encoding == encoding
    assert lines == ["name,age\r\n", "René,22\r\n", "\r\n", "Asa,30"]


def test_big_endian_utf_16_is_read_too() -> None:
    assert read(b"\xfe\xff" + "a,b\nRené,1".encode("utf-16-be"))[1] == ["a,b\n", "René,1"]


def test_windows_1252_is_said_and_may_be_decided_by_the_last_bytes_of_a_file() -> None:
    text, lines = read(b"name,age\n" * 300_000 + "René,1".encode("cp1252"))
    assert lines[-1] == "René,1"
    assert text.notes == (
        "the file is not UTF-8 and was read as Windows-1252; if letters look wrong, save it as UTF-8",
    )
    assert read(TEXT.encode())[0].notes == ()


def test_a_character_that_is_cut_off_at_the_end_makes_a_file_no_utf_8() -> None:
    assert read(b"name\nRen\xc3")[0].encoding == "cp1252"


def test_a_mark_that_does_not_hold_is_said() -> None:
    text, lines = read(b"\xef\xbb\xbfname\nRen\xe9\n")
    assert lines == ["name\n", "Ren\ufffd\n"]
    assert "not UTF-8, though its mark is there" in text.notes[0]
    with pytest.raises(InvalidInput, match="says by its first bytes that it is UTF-16, and is not"):
        read(b"\xff\xfea\0b\0c")


def test_a_zero_byte_far_down_is_told_with_its_position() -> None:
    with pytest.raises(InvalidInput, match="a zero byte at position 3,000,000"):
        read(b"name,1\n" * 428_571 + b"abc" + bytes(5_000))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_are_whole_wherever_a_block_ends(end: str) -> None:
    expected = [f"{number},{'é' * (number % 97)}{end}" for number in range(20_000)]
    assert read("".join(expected).encode())[1] == expected


def test_a_file_in_gzip_is_bounded() -> None:
    bomb = gzip.compress(b"a\n" * 1_500_000)
    with pytest.raises(InvalidInput, match="more than 2,000,000 bytes once it is decompressed"):
        open_text(io.BytesIO(bomb), max_decompressed=2_000_000)
    open_text(io.BytesIO(bomb), max_decompressed=3_000_000)


@pytest.mark.parametrize("cut", [slice(0, 50), slice(0, -8)])
def test_a_damaged_file_in_gzip_is_told(cut: slice) -> None:
    body = gzip.compress("".join(f"{number},{number**3}\n" for number in range(1000)).encode())
    with pytest.raises(InvalidInput, match="damaged or cut off"):
        open_text(io.BytesIO(body[cut]))


def test_an_empty_file_is_told() -> None:
    with pytest.raises(InvalidInput, match="the file is empty; it needs a header line and rows"):
        open_text(io.BytesIO(b""))


def test_a_line_may_have_so_many_characters_and_no_more() -> None:
    read(b"a" * (MAX_LINE - 1) + b"\n" + b"b" * (MAX_LINE - 1) + b"\n")


@pytest.mark.parametrize("before", [0, 3, 50_000])
def test_a_line_that_is_too_long_is_told_by_its_number(before: int) -> None:
    with pytest.raises(InvalidInput, match=f"line {before + 1} has more than 1,000,000 characters"):
        read(b"ab,\n" * before + b"a" * (MAX_LINE + 1))
    with pytest.raises(InvalidInput, match=f"line {before + 1} has more than 1,000,000 characters"):
        read(b"ab,\n" * before + b"a" * (MAX_LINE + 1) + b"\n\n\n")


def test_a_row_that_never_ends_is_told() -> None:
    text = open_text(io.BytesIO(b'"a\n",' * 2_000_000))
    with pytest.raises(InvalidInput, match="has more than 4,000,000 characters; a quote in it is probably"):
        for _ in chain.from_iterable(text.lines(Meter())):
            pass


def test_the_stream_stays_open() -> None:
    stream = io.BytesIO(b"a\nb\n")
    lines = open_text(stream).lines(Meter())
    next(lines)
    del lines
    assert not stream.closed
    assert list_lines(open_text(stream)) == ["a\n", "b\n"]
