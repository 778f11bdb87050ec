"""Tables as people and programs save them, for the schema of the slow reader; and damaged ones."""

import codecs
import gzip
from dataclasses import dataclass
from functools import cache

from hypothesis import strategies as st

from tests.fuzz.slow_reader import KINDS, MISSING

SEPARATORS = ",;\t|"
# No control characters, which no text has.
PRINTABLE = st.characters(codec="utf-8", exclude_categories=["Cc"])
# Letters of Windows-1252: in any other encoding these would have to be replaced.
WESTERN = st.sampled_from("aZ09 _-.;,|\"'éßñ€")
SPELLINGS = {
    "kind": ("kind", "KIND", " Kind", "k.i_n-d"),
    "count": ("count", "Count "),
    "size": ("size", "SIZE"),
    "flag": ("flag", "f l a g"),
    "y": ("y", "Y"),
    "note": ("note", "Remarks, others"),
}
WHOLE = st.integers(0, 100_000).map(str)
# Never three digits behind a mark: that could as well be a thousand.
PLAIN = st.decimals(-99_999, 99_999, places=2).map(str) | st.sampled_from(
    ("1e3", "-0", "-0.0", "+5", ".5", "7.", "1E-3", "0.1234", "1e-400", "16777217")
)
ODD = st.sampled_from(
    (
        "nan",
        "inf",
        "-",
        "1_0",
        "0_1",
        "٣",
        "1e400",
        "3.5e38",
        "0x10",
        "1 e3",
        "--1",
        "e5",
        "true",
        "''",
        "#",
        "=1+1",
        ".",
    )
)
WRONG = ODD | st.text(PRINTABLE, max_size=5).filter(lambda text: not any(map(str.isdigit, text)))
CELLS = {
    "kind": st.sampled_from((*KINDS, "STRASSE", "PLAIN", " plain ")),
    "count": WHOLE,
    "size": PLAIN,
    "flag": st.sampled_from(("0", "1", "yes", "N", "TRUE", "1.0")),
    "y": st.sampled_from(("0", "1", "no", "T", "0.0", "1.00", "1e0")),
    "note": st.text(PRINTABLE | st.sampled_from('\r\n"",;'), max_size=12),
}
OPTIONAL = st.lists(st.sampled_from(("count", "size", "flag", "note")), unique=True)
FREQUENT = 8


@dataclass(frozen=True)
class WrittenTable:
    """A file, and by what its cells are separated."""

    body: bytes
    separator: str


@cache
def _cell(name: str) -> st.SearchStrategy[str]:
    good = CELLS[name]
    if name == "note":
        return good
    return st.integers(0, 2 * FREQUENT).flatmap(
        lambda draw: WRONG if draw == 0 else st.sampled_from(MISSING) if draw < 3 else good
    )


@st.composite
def tables(draw: st.DrawFn) -> WrittenTable:
    """A table in one of the ways that tables are written, mostly right; at times a quote is too many."""
    separator = draw(st.sampled_from(SEPARATORS))
    names = draw(st.permutations(["kind", "y", *draw(OPTIONAL)]))
    header = [draw(st.sampled_from(SPELLINGS[name])) for name in names]
    rows = [[draw(_cell(name)) for name in names] for _ in range(draw(st.integers(0, 8)))]
    lines = [header, *rows]
    ragged = draw(st.booleans())
    if rows and ragged:
        _make_ragged(draw, lines, len(names))
    head, *rest = (_line(draw, line, separator) for line in lines)
    text = head + "".join(rest)
    if draw(st.integers(0, FREQUENT)) == 0:
        at = draw(st.integers(len(head), len(text)))
        text = f'{text[:at]}"{text[at:]}'
    if draw(st.integers(0, FREQUENT)) == 0:
        text = f"sep={separator}\r\n{text}"
    return WrittenTable(draw(_encoded(text)), separator)


def _make_ragged(draw: st.DrawFn, lines: list[list[str]], width: int) -> None:
    """One row with a cell too few or too many, or blank; never all, which would be rows with names."""
    at = draw(st.integers(1, len(lines) - 1))
    lines.append(lines[at][: width - 1])
    match draw(st.sampled_from(("short", "wide", "trailing", "blank", "spaces"))):
        case "short":
            lines[at] = lines[at][: draw(st.integers(1, width))]
        case "wide":
            lines[at] = [*lines[at], "x"]
        case "trailing":
            lines[at] = [*lines[at], "", " "]
        case "blank":
            lines.insert(at, [""] * draw(st.integers(1, width)))
        case "spaces":
            lines.insert(at, ["  "])


def _line(draw: st.DrawFn, cells: list[str], separator: str) -> str:
    end = draw(LINE_ENDS)
    return separator.join(_written(draw(QUOTED), cell, separator) for cell in cells) + end


LINE_ENDS = st.sampled_from(("\n", "\n", "\r\n"))
QUOTED = st.integers(0, FREQUENT)


def _written(draw: int, cell: str, separator: str) -> str:
    """In quotes where it has to be, and at times where it need not; sometimes behind a space."""
    space = " " if draw == 1 and separator != " " else ""
    if draw == 0 or cell.lstrip(" ")[:1] == '"' or any(mark in cell for mark in f"{separator}\r\n"):
        doubled = cell.replace('"', '""')
        return f'{space}"{doubled}"'
    return space + cell


@st.composite
def _encoded(draw: st.DrawFn, text: str) -> bytes:
    if draw(st.integers(0, 3)) == 0:
        # Old Macs, and what mixes with nothing else.
        text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r")
    body = {
        "utf-8": text.encode(),
        "utf-8-sig": text.encode("utf-8-sig"),
        "utf-16-le": codecs.BOM_UTF16_LE + text.encode("utf-16-le"),
        "utf-16-be": codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
        "cp1252": text.encode("cp1252", "replace"),
    }[draw(st.sampled_from(("utf-8", "utf-8", "utf-8-sig", "utf-16-le", "utf-16-be", "cp1252")))]
    return gzip.compress(body, 1, mtime=0) if draw(st.integers(0, FREQUENT)) == 0 else body


@st.composite
def damaged_tables(draw: st.DrawFn) -> bytes:
    """A table with bytes changed, left out, repeated or put in between; or bytes that are none."""
    body = draw(tables()).body
    for _ in range(draw(st.integers(1, 3))):
        at, length = draw(st.integers(0, len(body))), draw(st.integers(0, 6))
        piece = draw(PIECES)
        match draw(st.sampled_from(("replaced", "out", "cut", "repeated", "other"))):
            case "replaced":
                body = body[:at] + piece + body[at + length :]
            case "out":
                body = body[:at] + body[at + length :]
            case "cut":
                body = body[:at]
            case "repeated":
                body = body[:at] + body[: at + length] * 2 + body[at:]
            case "other":
                body = piece + draw(st.binary(max_size=60))
    return body


PIECES = st.binary(max_size=6) | st.sampled_from(
    (
        b'"',
        b'""',
        b"\r",
        b"\n\n",
        b",;",
        b"\0",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"\x1f\x8b",
        b"sep=",
        b"1,234",
        b"9" * 5_000,
    )
)
