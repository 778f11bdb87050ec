"""How long a regular expression may take at most, before it meets texts of which nobody knows the author.

Python's engine goes back and tries again: a pattern of two hundred characters can keep it busy for ever. So
its attempts are counted beforehand, as if every choice were tried at every place for nothing.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from math import inf
from re import MULTILINE, UNICODE, VERBOSE

# The parser of `re` itself, private since Python 3.11: another one could read a pattern differently.
from re import _constants as op
from re import _parser as parser
from typing import Any

Item = tuple[Any, Any]
Characters = frozenset[int]

_REPEATS = (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT)
_CATEGORIES = {
    op.CATEGORY_SPACE: (str.isspace, True),
    op.CATEGORY_NOT_SPACE: (str.isspace, False),
    op.CATEGORY_DIGIT: (str.isdecimal, True),
    op.CATEGORY_NOT_DIGIT: (str.isdecimal, False),
    op.CATEGORY_WORD: (lambda text: text.isalnum() or text == "_", True),
    op.CATEGORY_NOT_WORD: (lambda text: text.isalnum() or text == "_", False),
}
# Beyond the last white space there is, one of each kind that categories tell apart: digit, letter, mark.
_LAST = 0x3000


@lru_cache(maxsize=1)
def _every() -> Characters:
    """Made when it is first asked for: most patterns are cheap however one counts."""
    return frozenset([*range(_LAST + 1), 0xFF10, 0x4E00, 0xFF01])


def most_steps(pattern: str, length: int) -> float:
    """Steps that a search for `pattern` in a text of up to `length` characters takes at most.

    pattern: one that `re` compiles, without references back to groups. It is an upper bound; the truth may be
    much less. A step takes some nanoseconds.
    """
    parsed = parser.parse(pattern)
    rough = _Count(length, told_apart=False).search(parsed)
    # Which characters are which takes a while to find out, and is seldom asked.
    return rough if rough <= FEW else min(rough, _Count(length, told_apart=True).search(parsed))


FEW = 1e7
"""Steps of which nobody need know how many fewer there really are."""


class _Count:
    """told_apart: whether it counts that what a repetition gives back may be nothing that could follow."""

    def __init__(self, length: int, *, told_apart: bool) -> None:
        self._length = length
        self._told_apart = told_apart
        self._steps = 0.0
        self._begins: Characters | None = None

    def search(self, parsed: Any) -> float:
        items = list(parsed)
        flags = parsed.state.flags
        # By other flags, characters are the same that are not the same by themselves.
        self._told_apart &= not flags & ~(UNICODE | VERBOSE | MULTILINE)
        begin = (op.AT_BEGINNING, op.AT_BEGINNING_STRING)
        is_anchored = bool(items) and items[0][0] is op.AT and items[0][1] in begin and not flags & MULTILINE
        if self._told_apart:
            self._begins = _first(items)
        self._walk(items, [], 1 if is_anchored else self._length + 1)
        return self._steps

    def _walk(self, items: Sequence[Item], behind: Sequence[Item], arrivals: float) -> float:
        """How often what follows `items` is tried, where they are tried so often. behind: what follows."""
        for index, (kind, value) in enumerate(items):
            following = [*items[index + 1 :], *behind]
            self._steps += arrivals
            if self._steps == inf:
                return inf
            if kind in _REPEATS:
                arrivals = self._repeat(value, following, arrivals)
                continue
            if kind is op.SUBPATTERN:
                self._told_apart &= not value[1] and not value[2]
            choices = _choices(kind, value)
            if choices:
                arrivals = sum(self._walk(choice, following, arrivals) for choice in choices)
            if kind not in (op.AT, op.LITERAL, op.IN, op.ANY, op.NOT_LITERAL, op.SUBPATTERN):
                self._begins = None
        return arrivals

    def _repeat(self, repeat: tuple[int, int, Any], following: Sequence[Item], arrivals: float) -> float:
        least, most, items = repeat[0], max(repeat[0], min(repeat[1], self._length)), list(repeat[2])
        if not following:
            # Nothing comes behind that could fail: it is never asked to give back.
            most = least
        before = self._steps
        again = (op.BRANCH, (None, [items, following]))
        ways = self._walk(items, [again], arrivals) / arrivals
        if self._steps == inf:
            return inf
        self._steps = before + (self._steps - before) * max(1, most)
        if ways > 1:
            self._begins = None
            return arrivals * sum(_power(ways, times) for times in range(least, most + 1))
        if most > least and not self._gives_back(items, following):
            return arrivals
        self._begins = None
        return arrivals * (most - least + 1)

    def _gives_back(self, items: Sequence[Item], following: Sequence[Item]) -> bool:
        """Whether what follows is worth a try where the repetition stops before it must."""
        if not self._told_apart:
            return True
        body, behind = _first(items), _first(following)
        if body is None:
            return True
        if behind is not None and not body & behind:
            return False
        # From where the pattern begins, it gets at most once to each place, all beginnings together.
        is_shared = self._begins is None or bool(self._begins & body)
        self._begins = None
        return is_shared


def _power(ways: float, times: int) -> float:
    try:
        return float(ways**times)
    except OverflowError:
        return inf


def _choices(kind: Any, value: Any) -> list[list[Item]]:
    """What an item is made of, one of which has to fit."""
    if kind is op.SUBPATTERN:
        return [list(value[3])]
    if kind is op.ATOMIC_GROUP:
        return [list(value)]
    if kind is op.BRANCH:
        return [list(choice) for choice in value[1]]
    if kind in (op.ASSERT, op.ASSERT_NOT):
        return [list(value[1])]
    if kind is op.GROUPREF_EXISTS:
        return [list(choice or []) for choice in value[1:]]
    return []


def _first(items: Iterable[Item]) -> Characters | None:
    """The characters that what fits `items` can begin with; None where it may be nothing."""
    characters: Characters = frozenset()
    for kind, value in items:
        if kind is op.AT:
            continue
        if kind in _REPEATS:
            least, _, body = value
            begins = _first(body)
            characters |= begins or frozenset()
            if least and begins is not None:
                return characters
        elif kind in (op.SUBPATTERN, op.BRANCH):
            choices = [_first(choice) for choice in _choices(kind, value)]
            characters = characters.union(*(choice for choice in choices if choice is not None))
            if None not in choices:
                return characters
        else:
            return characters | _characters(kind, value)
    return None


def _characters(kind: Any, value: Any) -> Characters:
    if kind is op.LITERAL and value <= _LAST:
        return frozenset([value])
    if kind is op.NOT_LITERAL:
        return _every() - {value}
    if kind is not op.IN:
        return _every()
    listed = list(value)
    is_negated = listed[0][0] is op.NEGATE
    members: set[int] = set()
    for kind_of_member, member in listed[is_negated:]:
        members |= _members(kind_of_member, member)
    if is_negated:
        # Of what is named beyond, none is taken away: that can only count too much.
        return _every() - members
    beyond = any(
        kind_of_member in (op.LITERAL, op.RANGE) and _highest(member) > _LAST
        for kind_of_member, member in listed
    )
    return _every() if beyond else frozenset(members)


def _members(kind: Any, value: Any) -> set[int]:
    if kind is op.LITERAL:
        return {value} if value <= _LAST else set()
    if kind is op.RANGE:
        return set(range(value[0], min(value[1], _LAST) + 1))
    belongs, wanted = _CATEGORIES[value]
    return {code for code in _every() if belongs(chr(code)) is wanted}


def _highest(value: Any) -> int:
    return int(value[1] if isinstance(value, tuple) else value)
