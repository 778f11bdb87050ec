"""Texts of people's own that are kept and shown again: how long they may be, and of what."""

MAX_REFERENCE = 100
"""Characters of the caller's own words for a row."""
MAX_NOTE = 500
"""Characters of a note."""


def read_line(text: str, most: int) -> str | None:
    """The text without spaces around it, if it is one line of up to `most` printable characters."""
    if len(text) > 4 * most:
        return None
    line = text.strip()
    return line if len(line) <= most and line.isprintable() else None


def read_lines(text: str, most: int) -> str | None:
    """The same of a text that may have several lines."""
    if len(text) > 4 * most:
        return None
    lines = text.strip().replace("\r\n", "\n")
    return lines if len(lines) <= most and all(map(str.isprintable, lines.split("\n"))) else None
