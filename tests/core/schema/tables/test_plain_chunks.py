"""The reader by numpy says what the reader row by row says: the same values, lines and sentences."""

import io
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from functions.core.base.errors import InvalidInput
from functions.core.schema.document.parsing import parse_schema
from functions.core.schema.schema import Schema
from functions.core.schema.tables import table
from functions.core.schema.tables.chunks import Chunk
from functions.core.schema.tables.table import open_table
from functions.core.schema.text import row_parser, spans
from tests.support.titanic import SCHEMA, TABLE

CHUNK = 500
ODD = parse_schema(
    {
        "fields": [
            {"name": "whole", "type": "integer", "constraints": {"minimum": -50, "maximum": 9_000_000}},
            {"name": "amount", "type": "number"},
            {"name": "few", "type": "number", "constraints": {"enum": [0.5, 1, 2]}},
            {"name": "known", "type": "number", "constraints": {"required": True}},
            {
                "name": "colour",
                "type": "string",
                "constraints": {"enum": ["red", "dark green", "a,b", 'q"q', "né"]},
            },
            {"name": "flag", "type": "boolean"},
            {"name": "kind", "type": "string", "constraints": {"enum": ["x", "y"], "required": True}},
            {"name": "text", "type": "string", "constraints": {"maxLength": 40}},
            {"name": "y", "type": "boolean"},
        ],
        "missingValues": ["", "NA", "-999", "-"],
        "target": {"field": "y"},
        "derived": [
            {"field": "kind", "from": "text", "pattern": r"^(\w+)", "words": {"ex": "x", "why": "y"}}
        ],
    }
)  # fmt: skip
HEADER = "whole,amount,few,known,colour,flag,text,y,representative,extra"

# Of each column cells that are usual, and others that are not.
USUAL: list[Callable[[random.Random], str]] = [
    lambda draw: str(draw.randint(-50, 9_000_000)),
    lambda draw: draw.choice(["{:.2f}", "{:.6f}", "{:.0f}", "{:g}", "{!r}"]).format(draw.uniform(-1e4, 1e6)),
    lambda draw: draw.choice(["0.5", "1", "2.0", "2"]),
    lambda draw: draw.choice(["1", "2.5", "33", "1e5", ".5", "5.", "-0", "007", "+4"]),
    lambda draw: draw.choice(["red", "RED", "dark green", '"a,b"', '"q""q"', "né", "NÉ", " red ", ""]),
    lambda draw: draw.choice(["true", "no", "1", "0.0", "T", ""]),
    lambda draw: draw.choice(
        ["ex one", '"why, two"', "ex", '"ex ""quoted"""', "  why", f"why {draw.random()}"]
    ),
    lambda draw: draw.choice(["1", "0", "true", "No"]),
    lambda draw: draw.choice(["1", "0", "1.0"]),
    lambda draw: draw.choice(["", "anything", '"1,5"', "x" * 30, "ñandú"]),
]  # fmt: skip
STRANGE = [
    "",
    " ",
    "  ",
    "NA",
    "na",
    "-999",
    "-999.0",
    "-",
    "-5",
    "--5",
    "1_000",
    "\u0661",
    "½",
    "1e999",
    "1e-400",
    "nan",
    "inf",
    "0x1F",
    "12345678",
    "123456789",
    "1234567890123456",
    "9007199254740993",
    "12345678.12345678",
    "1.2.3",
    ".",
    "+",
    "e5",
    "1e",
    "1" * 70,
    "9" * 12_000,
    "9000001",
    "2.5",
    "purple",
    "rouge\u00a0",
    "\u00a0",
    "\t",
    "'5",
    '"5"',
    '" 5"',
    '""',
    '"a""b"',
    "x" * 41,
    "x" * 200,
    "\u2028",
    "é",
    "🙂",
    "=1+1",
    "#N/A",
    "3.4028235e38",
    "3.5e38",
    "-0.0",
    "00000001",
    "1.",
    "-.5",
    "1.0000000000000001",
    "0.1234567890123456789",
]


def quoted(cell: str) -> str:
    return (
        '"' + cell.replace('"', '""') + '"' if set(cell) & set(',"\n') and not cell.startswith('"') else cell
    )


def table_of(seed: int, *, strange: float, breaks: float, end: str = "\n") -> bytes:
    """A table by a seed. strange: the share of cells, breaks: the share of rows that are not as usual."""
    draw = random.Random(seed)  # noqa: S311 # a table, no secret
    lines = [HEADER]
    for _ in range(draw.choice([1_200, 1_700])):
        cells = [usual(draw) for usual in USUAL]
        for index in range(len(cells)):
            if draw.random() < strange:
                cells[index] = quoted(draw.choice(STRANGE))
        if draw.random() < breaks:
            cells = draw.choice(
                [
                    [],
                    [""] * 10,
                    [" "] * 10,
                    cells[:4],
                    [*cells, ""],
                    [*cells, "6"],
                    [*cells[:-1], f'"two{end}lines"'],
                    ["\u00a0", *[""] * 9],
                ]
            )
        lines.append(",".join(cells))
    return (end.join(lines) + draw.choice(["", end])).encode()


def read(body: bytes, schema: Schema, *, labelled: bool) -> tuple[list[Chunk], str]:
    """The chunks of a table, and why there are no more."""
    chunks: list[Chunk] = []
    try:
        for chunk in open_table(io.BytesIO(body), schema, labelled=labelled, chunk_rows=CHUNK):
            chunks.append(chunk)  # noqa: PERF402 # what came before an error counts
    except InvalidInput as error:
        return chunks, str(error)
    return chunks, ""


def as_plain(chunks: list[Chunk]) -> dict[str, Any]:
    """All that chunks say, to be compared: numbers by their bits. Where a chunk ends is not part of it."""

    def values(column: np.ndarray[Any, Any]) -> list[Any]:
        assert column.ndim == 2
        return [
            column.dtype.str,
            *(column if column.dtype == object else column.view(np.int32)).ravel().tolist(),
        ]

    said: dict[str, Any] = {"unknown": Counter()}
    for chunk in chunks:
        for kind in ("columns", "lost"):
            for name, column in getattr(chunk, kind).items():
                said.setdefault(f"{kind} {name}", []).extend(values(column)[1:] if len(chunk.lines) else [])
                said.setdefault(f"type of {name}", values(column)[0])
        for name, words in chunk.unknown.items():
            said["unknown"].update({(name, word): count for word, count in words.items()})
        for name in ("outcomes", "representative", "labelled_by", "lines", "bad", "lost_outcomes"):
            said.setdefault(name, []).extend(getattr(chunk, name))
    return said


@pytest.fixture
def row_by_row(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[list[Chunk], str]]:
    """Reads a table by `csv` alone."""

    def by_csv(body: bytes, schema: Schema, *, labelled: bool) -> tuple[list[Chunk], str]:
        with monkeypatch.context() as patched:
            patched.setattr(table, "find_spans", lambda *_: None)
            return read(body, schema, labelled=labelled)

    return by_csv


def assert_same(body: bytes, schema: Schema, by_csv: Callable[..., Any], *, labelled: bool = True) -> int:
    """How many good rows there were."""
    fast, said = read(body, schema, labelled=labelled)
    slow, also_said = by_csv(body, schema, labelled=labelled)
    assert said == also_said
    ours, theirs = as_plain(fast), as_plain(slow)
    assert ours.keys() == theirs.keys()
    for key, value in theirs.items():
        assert ours[key] == value, key
    return len(ours.get("lines", []))


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows each part had that was read by numpy."""
    rows: list[int] = []
    find = spans.find_spans

    def find_and_count(*arguments: Any) -> Any:
        if (found := find(*arguments)) is not None:
            rows.append(int(np.sum(~found.is_odd)))
        return found

    monkeypatch.setattr(table, "find_spans", find_and_count)
    return rows


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize(("strange", "breaks"), [(0.0, 0.0), (0.002, 0.01), (0.05, 0.05)])
def test_tables_of_every_kind_of_cell_are_read_the_same(
    seed: int, strange: float, breaks: float, row_by_row: Callable[..., Any], counted: list[int]
) -> None:
    body = table_of(seed, strange=strange, breaks=breaks, end="\r\n" if seed % 3 == 0 else "\n")
    rows = assert_same(body, ODD, row_by_row, labelled=seed % 4 != 1)
    # Nothing would be shown if all had been read row by row.
    assert rows > 300
    assert sum(counted) > 500


def test_the_shipped_table_is_read_the_same(row_by_row: Callable[..., Any], counted: list[int]) -> None:
    body = TABLE.read_bytes()
    assert_same(body, SCHEMA, row_by_row)
    assert sum(counted) == 1309
    # Names and cells in another encoding, and with other separators.
    text = body.decode()
    assert_same(text.replace("Allen", "Ållén").encode("cp1252"), SCHEMA, row_by_row)
    assert_same(text.replace("Allen", "Ållén").encode("utf-16"), SCHEMA, row_by_row)
    assert_same(text.replace("\n", "\r").encode(), SCHEMA, row_by_row)


def shipped(**changes: Callable[[str], str]) -> bytes:
    """The shipped table, its line 700 and those behind it changed."""
    lines = TABLE.read_text(encoding="utf-8").splitlines(keepends=True)
    for change in changes.values():
        lines[699] = change(lines[699])
    return "".join(lines).encode()


@pytest.mark.parametrize(
    "change",
    [
        lambda line: line.replace('"', "", 1),
        lambda line: line.replace(",", ', "a" b,', 1),
        lambda line: '5" pipe,' + line,
        lambda line: line.replace(",", ' ,  "x, y",', 1),
        lambda line: line.replace(",", "," * 20_000, 1),
        lambda line: line.replace(",", "," + "x" * 140_000 + ",", 1),
        lambda line: line.replace("\n", "\r"),
        lambda line: line.replace(",", ',"a\nb\n\nc",', 1),
        lambda line: '"' + line,
        lambda line: "\n\n\n" + line,
    ],
)
def test_what_is_no_usual_csv_is_told_in_the_same_words(
    change: Callable[[str], str], row_by_row: Callable[..., Any]
) -> None:
    assert_same(shipped(change=change), SCHEMA, row_by_row)


def test_decimal_commas_are_read_the_same(row_by_row: Callable[..., Any], counted: list[int]) -> None:
    draw = random.Random(0)  # noqa: S311
    rows = [f"{draw.uniform(0, 99):.2f};{draw.choice('12')};x".replace(".", ",") for _ in range(600)]
    body = "\n".join(["amount;y;kind", *(f"{row.rpartition(';')[0]};x" for row in rows)]).encode()
    schema = parse_schema(
        {
            "fields": [
                {"name": "amount", "type": "number"},
                {"name": "kind", "type": "string", "constraints": {"enum": ["x"]}},
                {"name": "y", "type": "integer", "constraints": {"enum": [1, 2]}},
            ],
            "target": {"field": "y", "positive": 2},
        }
    )
    assert_same(body, schema, row_by_row)
    # Once to know the marks, once to read.
    assert sum(counted) == 2 * 500


def test_rows_of_one_long_cell_end_a_text_before_it_fills_memory(row_by_row: Callable[..., Any]) -> None:
    rows = "".join(f"1,{row % 2},male,{'x' * 9_000}\n" for row in range(1_000))
    body = f"pclass,survived,sex,extra\n{rows}".encode()
    parts = [len(chunk.lines) for chunk in read(body, SCHEMA, labelled=True)[0]]
    assert sum(parts) == 1_000
    assert max(parts) <= row_parser.MAX_TEXT // 9_000 + 20
