"""Numbers as people and spreadsheets write them: 1200, 1,200.5, 1.200,5, 1 200, 1'200.

How a column writes its numbers is decided from all of its cells. Where that leaves two readings, the file is
refused: a number is never silently another.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from functions.core.base.errors import InvalidInput

MAX_NUMBER = 64
"""Characters of a number."""
MAX_NAMED = 5
"""Columns that a sentence about many of them names."""

_SPACES = " \u00a0\u2009\u202f'\u2019"
_SHAPE = re.compile(rf"[+-]?([0-9.,{_SPACES}]*)([eE][+-]?[0-9]+)?")
_SPACED = re.compile(rf"[0-9]{{1,3}}([{_SPACES}])[0-9]{{3}}(?:\1[0-9]{{3}})*([.,]?)[0-9]*")
_COMMAS_THEN_POINT = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+\.[0-9]*")
_POINTS_THEN_COMMA = re.compile(r"[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]*")
_GROUPS = re.compile(r"[0-9]{1,3}([.,])[0-9]{3}(?:\1[0-9]{3})+")
_ONE_GROUP = re.compile(r"[1-9][0-9]{0,2}[.,][0-9]{3}")
_SURELY_DECIMAL = re.compile(r"[+-]?[0-9]{1,20}\.(?:[0-9]{1,2}|[0-9]{4,30})")
_ONE_MARK = re.compile(r"[0-9]*([.,])[0-9]*")
_WHOLE_GROUPED = {
    ".": re.compile(rf"[+-]?[0-9]{{1,3}}([,{_SPACES}])[0-9]{{3}}(?:\1[0-9]{{3}})*"),
    ",": re.compile(rf"[+-]?[0-9]{{1,3}}([.{_SPACES}])[0-9]{{3}}(?:\1[0-9]{{3}})*"),
}
_GROUPING = re.compile(rf"[.,{_SPACES}]")

# A currency's sign or code, a number, and a unit or another sign.
_MEASURED = re.compile(
    rf"([^\w\s.,+-]{{1,3}}|[A-Z]{{3}}|)\s?([+-]?[0-9.,{_SPACES}]*[0-9])\s?([^\W\d_]{{1,6}}|[^\w\s.,]{{1,3}}|)"
)
_MIN_MEASURED = 6
_MOSTLY = 0.9


class Writing(Enum):
    """How a number is written."""

    WHOLE = auto()  # 1200, 1 200
    PLAIN = auto()  # 1e5
    DECIMAL_POINT = auto()  # 7.25, 1,200.5
    DECIMAL_COMMA = auto()  # 7,25, 1.200,5
    COMMAS_OF_THOUSANDS = auto()  # 1,200,000
    POINTS_OF_THOUSANDS = auto()  # 1.200.000
    COMMA_IN_DOUBT = auto()  # 1,200
    POINT_IN_DOUBT = auto()  # 1.200


_POINT = (Writing.DECIMAL_POINT, Writing.COMMAS_OF_THOUSANDS)
_COMMA = (Writing.DECIMAL_COMMA, Writing.POINTS_OF_THOUSANDS)
_WHOLE = {
    ".": {Writing.WHOLE, Writing.COMMAS_OF_THOUSANDS, Writing.COMMA_IN_DOUBT},
    ",": {Writing.WHOLE, Writing.POINTS_OF_THOUSANDS, Writing.POINT_IN_DOUBT},
}


def writing(cell: str) -> Writing | None:
    """How a cell writes a number; None when it is no number.

    One question after the other, the commonest first: the branches are the table of ways to write a number.
    """
    text = cell.strip()
    if text.isascii() and text.isdigit():
        return Writing.WHOLE
    # By far the commonest of all others, so that there is no need to ask what else it might be.
    if _SURELY_DECIMAL.fullmatch(text):
        return Writing.DECIMAL_POINT
    shape = _SHAPE.fullmatch(text) if len(text) <= MAX_NUMBER else None
    if shape is None or not any(map(str.isdigit, shape[1])):
        return None
    body, exponent = shape[1], shape[2]
    if spaced := _SPACED.fullmatch(body):
        marks = {"": Writing.WHOLE, ".": Writing.DECIMAL_POINT, ",": Writing.DECIMAL_COMMA}
        return marks[spaced[2]]
    if _COMMAS_THEN_POINT.fullmatch(body):
        return Writing.DECIMAL_POINT
    if _POINTS_THEN_COMMA.fullmatch(body):
        return Writing.DECIMAL_COMMA
    if groups := _GROUPS.fullmatch(body):
        return Writing.COMMAS_OF_THOUSANDS if groups[1] == "," else Writing.POINTS_OF_THOUSANDS
    if _ONE_GROUP.fullmatch(body) and not exponent:
        return Writing.COMMA_IN_DOUBT if "," in body else Writing.POINT_IN_DOUBT
    if mark := _ONE_MARK.fullmatch(body):
        return Writing.DECIMAL_COMMA if mark[1] == "," else Writing.DECIMAL_POINT
    if body.isdigit():
        return Writing.PLAIN if exponent else Writing.WHOLE
    return None


def plain(cell: str, decimal: str) -> str:
    """A number as `float` takes it, written here with the mark `decimal`; what is no such number stays as it
    is.
    """
    text = cell.strip()
    whole, mark, fraction = text.partition(decimal)
    if _WHOLE_GROUPED[decimal].fullmatch(whole):
        whole = _GROUPING.sub("", whole)
    return f"{whole}.{fraction}" if mark else whole


@dataclass(slots=True)
class Writings:
    """How a column writes its numbers, each way with the first cell that shows it and its line.

    whole: the column can hold nothing but whole numbers, so that `1,234` cannot be 1.234.
    """

    column: str
    whole: bool = False
    first: dict[Writing, tuple[str, int]] = field(default_factory=dict)

    def add(self, cells: Sequence[str], lines: Sequence[int]) -> None:
        """Take cells into account, with the line of each."""
        # In order, so that the first cell of its kind is the one that is told.
        for cell in dict.fromkeys(cells):
            way = writing(cell)
            if way is Writing.COMMA_IN_DOUBT and self.whole and not cell.strip().endswith("000"):
                way = Writing.COMMAS_OF_THOUSANDS
            if way is not None and way not in self.first:
                self.first[way] = (cell.strip(), lines[cells.index(cell)])

    def decimal(self) -> str:
        """The decimal mark of the column, `.` or `,`. Raises `InvalidInput` where the cells leave it open."""
        point = next((self.first[way] for way in _POINT if way in self.first), None)
        comma = next((self.first[way] for way in _COMMA if way in self.first), None)
        if point and comma:
            raise InvalidInput(
                f"the column {self.column} has {comma[0]} on line {comma[1]}, where the comma is the "
                "decimal mark, and "
                f"{point[0]} on line {point[1]}, where it cannot be; write all its numbers with a decimal "
                "point and "
                "nothing between thousands"
            )
        if not point and not comma and (doubt := self.first.get(Writing.COMMA_IN_DOUBT)):
            raise InvalidInput(_in_doubt(self.column, *doubt, because="no other cell of the column decides"))
        return "," if comma else "."

    def is_whole(self) -> bool:
        """Whether every number is written as a whole one. Raises `InvalidInput` as `decimal` does."""
        return self.first.keys() <= _WHOLE[self.decimal()]


def shared_unit(words: Iterable[str]) -> str:
    """What to say of words that are numbers with a sign or a unit, such as $5 or 5 kg; "" where most are not.

    The sentence begins with the name of the column.
    """
    words = [*words]
    matches = [match for match in map(_MEASURED.fullmatch, words) if match and writing(match[2])]
    if len(matches) < max(_MIN_MEASURED, _MOSTLY * len(words)):
        return ""
    units, rows = Counter((match[1] or match[3]).strip() for match in matches).most_common(1)[0]
    if not units or rows < _MOSTLY * len(words):
        return ""
    shown = next(match[0] for match in matches if units in (match[1].strip(), match[3].strip()))
    return f"has numbers with {units} beside them, such as {shown}"


def decimal_marks(columns: Iterable[Writings], separator: str) -> dict[str, str]:
    """The decimal mark of each column. Raises `InvalidInput` where the cells of a column leave it open.

    separator: of the file's cells.
    """
    columns = [*columns]
    marks = {writings.column: writings.decimal() for writings in columns}
    commas = [name for name, mark in marks.items() if mark == ","]
    # A point is the decimal mark, unless the file comes from where the comma is.
    because = ""
    if commas:
        because = f"the column {commas[0]} has decimal commas"
    elif separator == ";":
        because = "semicolons separate the cells, as where the comma is the decimal mark"
    for writings in columns:
        doubt = writings.first.get(Writing.POINT_IN_DOUBT)
        if (
            because
            and doubt
            and marks[writings.column] == "."
            and Writing.DECIMAL_POINT not in writings.first
        ):
            raise InvalidInput(_in_doubt(writings.column, *doubt, because=because))
    return marks


def notes_on_marks(columns: Iterable[Writings], marks: Mapping[str, str]) -> list[str]:
    """What was decided, in sentences, of each column whose numbers are not written plainly."""
    decimal: list[str] = []
    grouping: list[str] = []
    for writings in columns:
        if marks[writings.column] == ",":
            decimal.append(writings.column)
        elif writings.first.keys() & {Writing.COMMAS_OF_THOUSANDS, Writing.COMMA_IN_DOUBT}:
            grouping.append(writings.column)
    # A sentence for all columns: one for each would hide what else there is to say.
    return [
        *([f"the numbers of {_columns(decimal)} have a decimal comma"] if decimal else []),
        *([f"commas in {_columns(grouping)} stand between thousands"] if grouping else []),
    ]


def _columns(names: Sequence[str]) -> str:
    if len(names) == 1:
        return f"the column {names[0]}"
    more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
    return f"{len(names)} columns ({', '.join(names[:MAX_NAMED])}{more})"


def _in_doubt(column: str, cell: str, line: int, *, because: str) -> str:
    together = _GROUPING.sub("", cell)
    with_point = f"{float(_GROUPING.sub('.', cell)):g}"
    return (
        f"the column {column} has {cell} on line {line}, which may be {together} or {with_point}: {because}; "
        f"write {together} or {with_point}"
    )
