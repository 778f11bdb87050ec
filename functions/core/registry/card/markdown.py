"""Writes a card as Markdown: CommonMark (https://spec.commonmark.org/0.31.2/) with GitHub's tables.

All words are taken as words: nothing in a name or a description becomes a heading, a link, a tag or a cell.
"""

import re
from collections.abc import Iterable

from functions.core.registry.card import blocks

# A backslash takes its meaning from any punctuation (section 2.4). These have one within a line.
_WITHIN = re.compile(r"[\\`*_{}\[\]<>&|~!$^#]")
# And these at its beginning: lists, numbered ones too, quotes, underlines of headings.
_BEGINNING = re.compile(r"^([-+=>:]|\d+(?=[.)]))")
# What GitHub makes links of without being asked.
_LINKS = re.compile(r"(:)(?=/)|(?<=www)(\.)|(@)", re.IGNORECASE)


def write_markdown(card: Iterable[blocks.Block]) -> str:
    return "\n\n".join(map(_block, card)) + "\n"


def _block(block: blocks.Block) -> str:
    match block:
        case blocks.Heading(text, level):
            return f"{'#' * level} {escape(text)}"
        case blocks.Paragraph(words):
            return _line(words)
        case blocks.Bullets(items):
            return "\n".join(f"- {_line(item)}" for item in items)
        case blocks.Commands(lines):
            body = "\n".join(map(blocks.one_line, lines))
            fence = "`" * max(3, _longest_run(body) + 1)
            return f"{fence}sh\n{body}\n{fence}"
        case blocks.Table(heads, rows):
            headings = [[escape(name) for name in heads], ["---"] * len(heads)]
            table = [[_cell(words) for words in row] for row in rows]
            return "\n".join(f"| {' | '.join(cells)} |" for cells in (*headings, *table))


def escape(text: str) -> str:
    """A text as words within a line. https://spec.commonmark.org/0.31.2/#backslash-escapes"""
    escaped = _WITHIN.sub(r"\\\g<0>", blocks.one_line(text))
    return _LINKS.sub(r"\\\g<0>", escaped)


def _line(words: blocks.Words) -> str:
    """Words that begin a line."""
    line = _inline(words).lstrip()
    beginning = _BEGINNING.match(line)
    if not beginning:
        return line
    mark = beginning[0]
    # A number is taken for that of a list by what follows it.
    return f"{mark}\\{line[len(mark) :]}" if mark[0].isdigit() else f"\\{line}"


def _inline(words: blocks.Words) -> str:
    return "".join(
        _code(part.text) if isinstance(part, blocks.Code) else escape(part) for part in blocks.parts_of(words)
    )


def _cell(words: blocks.Words) -> str:
    # A bar ends a cell even in code, unless there is a backslash before it; `escape` has put one elsewhere.
    return "".join(
        _code(part.text).replace("|", "\\|") if isinstance(part, blocks.Code) else escape(part)
        for part in blocks.parts_of(words)
    )


def _code(text: str) -> str:
    """A code span: backslashes do nothing in it, so it stands between more backticks than it has in a row."""
    text = blocks.one_line(text)
    if not text:
        return ""
    fence = "`" * (_longest_run(text) + 1)
    padding = " " if text[0] in " `" or text[-1] in " `" else ""
    return f"{fence}{padding}{text}{padding}{fence}"


def _longest_run(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)
