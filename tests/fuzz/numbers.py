"""Numbers as columns may write them, and each way to read one, by a second reader that knows no other."""

import re

from hypothesis import strategies as st

SPACES = (" ", "\u00a0", "\u202f", "'", "\u2019")
PLAIN = {mark: re.compile(rf"[+-]?[0-9]+([{mark}][0-9]+)?") for mark in ".,"}
"""What has to be read, where this is the decimal mark."""


def read_number(cell: str, mark: str) -> float | None:
    """A number whose decimal mark is `mark`; None for what is none. Groups have three digits, all the same
    mark between them, and no exponent."""
    body = cell.strip()
    sign = -1 if body.startswith("-") else 1
    body = body[1:] if body[:1] in ("+", "-") else body
    body, exponent, power = body.partition("e")
    whole, _, fraction = body.partition(mark)
    for between in (*SPACES, "," if mark == "." else "."):
        groups = whole.split(between)
        if len(groups) > 1 and not exponent:
            if not 1 <= len(groups[0]) <= 3 or any(len(group) != 3 for group in groups[1:]):
                return None
            whole = "".join(groups)
    digits = whole + fraction
    if not digits or not digits.isascii() or not digits.isdigit() or (exponent and not _is_power(power)):
        return None
    return sign * float(f"{whole or 0}.{fraction or 0}e{power or 0}")


def _is_power(text: str) -> bool:
    return re.fullmatch("[+-]?[0-9]+", text) is not None


def _grouped(number: int, between: str) -> str:
    return f"{number:,}".replace(",", between)


_WHOLE = st.integers(-9_999_999, 9_999_999) | st.integers(-9_999, 9_999)
_FRACTIONS = st.text("0123456789", min_size=1, max_size=4)
_IN_GROUPS = st.builds(_grouped, _WHOLE, st.sampled_from((*SPACES, ",", ".")))
_WITH_MARK = st.tuples(_WHOLE.map(str) | _IN_GROUPS, st.sampled_from(".,"), _FRACTIONS).map("".join)
_ODD = (
    st.text("0123456789.,-+e '", max_size=8)
    | st.just("")
    | st.sampled_from(("1,20,000", "1.2.3", "1e5", "0,5e1"))
)
CELLS = _WHOLE.map(str) | _IN_GROUPS | _WITH_MARK | _WITH_MARK | _ODD
COLUMNS = st.lists(CELLS, min_size=1, max_size=6)
