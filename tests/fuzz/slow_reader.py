"""A second reader of tables, as plain as can be, to compare the first with.

It reads a part of what the first one reads: the separator is known, numbers are written plainly.
"""

import codecs
import math
import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from functions.core.schema.document.parsing import parse_schema

MISSING = ("", "NA", "?")
KINDS = ("straße", "né", "plain")
SCHEMA = parse_schema(
    {
        "fields": [
            {"name": "kind", "type": "string", "constraints": {"enum": list(KINDS), "required": True}},
            {"name": "count", "type": "integer", "constraints": {"minimum": 0, "maximum": 100_000}},
            {"name": "size", "type": "number", "constraints": {"minimum": -1e6}},
            {"name": "flag", "type": "boolean"},
            {"name": "y", "type": "boolean"},
        ],
        "target": {"field": "y"},
        "missingValues": list(MISSING),
    }
)
YES, NO = {"true", "t", "yes", "y", "1", "1.0"}, {"false", "f", "no", "n", "0", "0.0"}
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


class NotCsv(Exception):
    """A quote that is not closed, or text behind one that is."""


class Bad(Exception):
    """A cell that its column cannot have."""


@dataclass
class SlowTable:
    """The values of each good row by the line on which it begins, and the lines of the bad ones."""

    good: dict[int, dict[str, Any]] = field(default_factory=dict)
    bad: list[int] = field(default_factory=list)


def read_slowly(body: bytes, separator: str) -> SlowTable:
    """Read a table that has a header with names of `SCHEMA`. Raises `NotCsv`."""
    lines = [(line, row) for line, row in split_rows(decode(body), separator) if "".join(row).strip()]
    if lines[0][1][0].casefold().startswith("sep="):
        lines = lines[1:]
    header = [re.sub(r"[\s._-]", "", name).casefold() for name in lines[0][1]]
    table = SlowTable()
    for line, row in lines[1:]:
        try:
            if "".join(row[len(header) :]).strip():
                raise Bad
            cells = dict(zip(header, row + [""] * len(header), strict=False))
            table.good[line] = {name: _value(name, cells.get(name, "")) for name in (*SCHEMA.names, "y")}
        except Bad:
            table.bad.append(line)
    return table


def decode(body: bytes) -> str:
    marks = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
    for mark, encoding in marks.items():
        if body.startswith(mark):
            return body.decode(encoding)
    try:
        return body.decode()
    except UnicodeDecodeError:
        return body.decode("cp1252", "replace")


def split_rows(text: str, separator: str) -> list[tuple[int, list[str]]]:
    """The rows, each with the line on which it begins, character by character. Raises `NotCsv`."""
    rows: list[tuple[int, list[str]]] = []
    line, at = 1, 0
    while at < len(text):
        begins, row = line, []
        while True:
            cell, at = _cell(text, at, separator)
            line += len(re.findall(r"\r\n|\r|\n", cell))
            row.append(cell)
            if text[at : at + 1] != separator:
                break
            at += 1
        rows.append((begins, row))
        line += 1
        at += 2 if text[at : at + 2] == "\r\n" else 1
    return rows


def _cell(text: str, at: int, separator: str) -> tuple[str, int]:
    """The cell that begins at `at`, and where what ends it stands."""
    while text[at : at + 1] == " ":
        at += 1
    if text[at : at + 1] != '"':
        end = at
        while end < len(text) and text[end] not in f"{separator}\r\n":
            end += 1
        return text[at:end], end
    cell, at = "", at + 1
    while True:
        if at >= len(text):
            raise NotCsv
        if text[at] != '"':
            cell, at = cell + text[at], at + 1
        elif text[at + 1 : at + 2] == '"':
            cell, at = cell + '"', at + 2
        elif text[at + 1 : at + 2] in ("", separator, "\r", "\n"):
            return cell, at + 1
        else:
            raise NotCsv


def _value(name: str, cell: str) -> Any:
    """None for missing, a number as float32 has it. Raises `Bad`."""
    text = cell.strip().casefold()
    if text in {word.casefold() for word in MISSING}:
        if name in ("kind", "y"):
            raise Bad
        return None
    if name == "kind":
        return _one_of({word.casefold(): word for word in KINDS}, text)
    words = dict.fromkeys(YES, 1.0) | dict.fromkeys(NO, 0.0)
    if name == "flag" or (name == "y" and text in words):
        return _one_of(words, text)
    if not NUMBER.fullmatch(text):
        raise Bad
    number = float(text)
    if name == "y":
        return _one_of({0.0: 0.0, 1.0: 1.0}, number)
    low, high = (0, 100_000) if name == "count" else (-1e6, float(np.finfo(np.float32).max))
    if not low <= number <= high or (name == "count" and not number.is_integer()):
        raise Bad
    return float(np.float32(number))


def _one_of(values: dict[Any, Any], value: Any) -> Any:
    if value not in values:
        raise Bad
    return values[value]


def is_same(left: Any, right: Any) -> bool:
    """Whether two values of a feature are the same, bit for bit."""
    if isinstance(left, float) and isinstance(right, float):
        return left == right and math.copysign(1, left) == math.copysign(1, right)
    return bool(left == right)
