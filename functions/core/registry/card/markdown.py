"""Writes a card as Markdown: CommonMark (https://spec.commonmark.org/0.31.2/) with GitHub's tables.

All words are taken as words: nothing in a name or a description becomes a heading, a link, a tag or a cell.
"""

import re
from collections.abc import Iterable

from functions.core.registry.card.blocks import (
    Block,
    Bullets,
    Code,
    Commands,
    Heading,
    Paragraph,
    Table,
    Words,
    one_line,
    parts_of,
)

# A backslash takes its meaning from any punctuation (section 2.4). These have one within a line.
_WITHIN = re.compile(r"[\\`*_{}\[\]<>&|~!$^#]")
# And these at its beginning: lists, numbered ones too, quotes, underlines of headings.
_BEGINNING = re.compile(r"^([-+=>:]|\d+(?=[.)]))")
# What GitHub makes links of without being asked.
_LINKS = re.compile(r"(:)(?=/)|(?<=www)(\.)|(@)", re.IGNORECASE)


def write_markdown(blocks: Iterable[Block]) -> str:
    return "\n\n".join(map(_block, blocks)) + "\n"


def _block(block: Block) -> str:
    match block:
        case Heading(text, level):
            return f"{'#' * level} {escape(text)}"
        case Paragraph(words):
            return _line(words)
        case Bullets(items):
            return "\n".join(f"- {_line(item)}" for item in items)
        case Commands(lines):
            body = "\n".join(map(one_line, lines))
            fence = "`" * max(3, _longest_run(body) + 1)
            return f"{fence}sh\n{body}\n{fence}"
        case Table(heads, rows):
            headings = [[escape(name) for name in heads], ["---"] * len(heads)]
            table = [[_cell(words) for words in row] for row in rows]
            return "\n".join(f"| {' | '.join(cells)} |" for cells in (*headings, *table))


def escape(text: str) -> str:
    """A text as words within a line. https://spec.commonmark.org/0.31.2/#backslash-escapes"""
    escaped = _WITHIN.sub(r"\\\g<0>", one_line(text))
    return _LINKS.sub(r"\\\g<0>", escaped)


def _line(words: Words) -> str:
    """Words that begin a line."""
    line = _inline(words).lstrip()
    beginning = _BEGINNING.match(line)
    if not beginning:
        return line
    mark = beginning[0]
    # A number is taken for that of a list by what follows it.
    return f"{mark}\\{line[len(mark) :]}" if mark[0].isdigit() else f"\\{line}"


def _inline(words: Words) -> str:
    return "".join(_code(part.text) if isinstance(part, Code) else escape(part) for part in parts_of(words))


def _cell(words: Words) -> str:
    # A bar ends a cell even in code, unless there is a backslash before it; `escape` has put one elsewhere.
    return "".join(
        _code(part.text).replace("|", "\\|") if isinstance(part, Code) else escape(part)
        for part in parts_of(words)
    )


def _code(text: str) -> str:
    """A code span: backslashes do nothing in it, so it stands between more backticks than it has in a row."""
    text = one_line(text)
    if not text:
        return ""
    fence = "`" * (_longest_run(text) + 1)
    padding = " " if text[0] in " `" or text[-1] in " `" else ""
    return f"{fence}{padding}{text}{padding}{fence}"


def _longest_run(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)
