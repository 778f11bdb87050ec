"""Whether a text may have numbers with something between their thousands, or with decimal commas.

Asked of every file before it is read, and it has to be read once for it: so it is quick, and may say yes for
nothing, never no.
"""

import re
from collections.abc import Iterable

import numpy as np

# For the search below, a digit or sign is 0, and what people put between thousands a space, in UTF-8 and
# Windows-1252.
_FOLDED = bytes.maketrans(b"123456789+-'\xa0\x89\xaf\x99\x92", b"00000000000      ")
_LEADING = b"\xc2\xe2\x80"
_QUOTED_COMMA = re.compile(rb'" {0,20}0[0. ]{0,40},0')
_OVERLAP = 64


def may_be_grouped(blocks: Iterable[bytes], separator: str) -> bool:
    """Whether a number may not be written plainly, in bytes of an encoding that agrees with ASCII.

    separator: of the cells.
    """
    overlap = b""
    for block in blocks:
        text = overlap + block
        if not text.isascii() or not _is_plain(text, separator):
            text = text.translate(_FOLDED, b"" if text.isascii() else _LEADING)
            if _has_grouped(text, separator):
                return True
        # Of what was folded, it is the same once more.
        overlap = text[-_OVERLAP:].translate(_FOLDED)
    return overlap.endswith(b"0 000") or (separator == ";" and overlap.endswith(b"0.000"))


def _has_grouped(text: bytes, separator: str) -> bool:
    # The search for a few fixed bytes is much faster than that for a pattern.
    if b"0.000.000" in text or _has_group(text, b"0 000"):
        return True
    # Where the comma is the separator, it can only be part of a cell in quotes.
    if separator == ",":
        return bool(_QUOTED_COMMA.search(text))
    return b",0" in text or (separator == ";" and _has_group(text, b"0.000"))


def _has_group(text: bytes, group: bytes) -> bool:
    """Whether exactly three digits stand behind a digit and a mark. How many they are is not known where the
    text ends behind them.
    """
    index = text.find(group)
    while 0 <= index < len(text) - len(group):
        if text[index + len(group)] != ord("0"):
            return True
        index = text.find(group, index + 1)
    return False


def _is_plain(text: bytes, separator: str) -> bool:
    """Whether ASCII surely has nothing of the kind: several times as fast as to look for it."""
    content = np.frombuffer(text, np.uint8)
    # What is below "0" wraps around. Signs count as digits, as they do above.
    is_digit = (content - ord("0") < 10) | (content == ord("+")) | (content == ord("-"))
    is_space = (content == ord(" ")) | (content == ord("'"))
    if separator != ",":
        if ((content[:-1] == ord(",")) & is_digit[1:]).any():
            return False
    else:
        behind = np.flatnonzero(content[:-1] == ord('"')) + 1
        if (is_digit[behind] | is_space[behind]).any():
            return False
    size = max(0, len(content) - 5)
    digits = is_digit[:size] & is_digit[2 : size + 2] & is_digit[3 : size + 3] & is_digit[4 : size + 4]
    groups = np.flatnonzero(digits)
    marks, ends = content[groups + 1], content[groups + 5]
    is_end = ~is_digit[groups + 5]
    is_grouped = is_space[groups + 1] & is_end
    is_grouped |= (marks == ord(".")) & ((ends == ord(".")) | (is_end & (separator == ";")))
    return not is_grouped.any()
