"""The field to be predicted, and the values that stand for its two outcomes."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeVar

from functions.core.base.formulas import unescape_formula

Word = str | int | float | bool
T = TypeVar("T")

YES = frozenset({"true", "t", "yes", "y", "1", "1.0"})
NO = frozenset({"false", "f", "no", "n", "0", "0.0"})
# Of these, `float` takes what a number in a table may be, and no more: neither "2_9" nor "infinity".
DIGITS = re.compile(r"[0-9.+\-eE]+")


class Target(NamedTuple):
    """The field to be predicted. `answers` are the values that stand for 0 and 1 in answers and feedback.

    words, numbers: the outcome, 0 or 1, of each word (folded) and of each number that may be sent.
    booleans: the outcomes of false and of true.
    """

    name: str
    answers: tuple[Word, Word]
    words: Mapping[str, int]
    numbers: Mapping[float, int]
    booleans: tuple[int, int] = (0, 1)

    def code(self, value: object) -> int | None:
        """1 for a positive value, 0 for a negative one, None for neither; value: of JSON, or a cell."""
        if isinstance(value, bool):
            return self.booleans[value]
        if isinstance(value, int | float):
            return self.numbers.get(value)
        if not isinstance(value, str):
            return None
        word = unescape_formula(value.strip()).casefold()
        if word in self.words:
            return self.words[word]
        try:
            return self.numbers.get(float(word)) if DIGITS.fullmatch(word) else None
        except ValueError:
            return None

    def agrees_with(self, other: "Target") -> bool:
        """Whether both are of one field, and no value is a positive one here and a negative one there."""
        return (
            self.name == other.name
            and _agree(self.words, other.words)
            and _agree(self.numbers, other.numbers)
        )

    def cells(self) -> tuple[str, str]:
        """What a table has for a negative and for a positive outcome: cells that `code` reads back."""
        negative, positive = self.answers
        if not isinstance(positive, bool):
            return str(negative), str(positive)
        # Of more than two values, 0 and 1, or the words false and true, may be two that mean something else.
        for cells in (("0", "1"), ("false", "true")):
            if (self.code(cells[0]), self.code(cells[1])) == (0, 1):
                return cells
        first = {code: word for word, code in reversed([*self.words.items()])}
        return first[0], first[1]

    def in_words(self) -> str:
        """Both values, for a sentence."""
        return " or ".join(json.dumps(answer, ensure_ascii=False) for answer in self.answers)


def _agree(left: Mapping[T, int], right: Mapping[T, int]) -> bool:
    return all(left[value] == right[value] for value in left.keys() & right.keys())


def target_of_booleans(name: str) -> Target:
    """A target that is true or false, or 0 and 1, of which 1 is the positive value."""
    return Target(name, (False, True), dict.fromkeys(YES, 1) | dict.fromkeys(NO, 0), {0: 0, 1: 1})


def target_of_numbers(name: str, values: Sequence[float], positive: Sequence[float]) -> Target:
    """A target with a few values that are numbers. Of more than two, the answers are false and true."""
    numbers = {value: int(value in positive) for value in values}
    return Target(name, _answers(values, positive), {"true": 1, "false": 0}, numbers)


def target_of_words(
    name: str, values: Sequence[str], positive: Sequence[str], aliases: Mapping[str, str]
) -> Target:
    """A target with a few values that are words. aliases: other words, folded, and what they stand for."""
    words = {value.casefold(): int(value in positive) for value in values}
    words |= {alias: words[value.casefold()] for alias, value in aliases.items()}
    yes = 1
    if len(values) == 2:
        # Of yes and no, true means yes, whichever of them is the positive value.
        yes = next((code for word, code in words.items() if word in YES), 1)
    outcomes = {"true": yes, "false": 1 - yes}
    if len(values) == 2 and all(value.casefold() in YES | NO for value in values):
        outcomes = dict.fromkeys(YES, yes) | dict.fromkeys(NO, 1 - yes)
    numbers: dict[float, int] = {
        number: outcomes[word] for number, word in ((0, "0"), (1, "1")) if word in outcomes
    }
    return Target(name, _answers(values, positive), outcomes | words, numbers, (1 - yes, yes))


def _answers(values: Sequence[Word], positive: Sequence[Word]) -> tuple[Word, Word]:
    if len(values) != 2:
        return False, True
    [negative] = (value for value in values if value not in positive)
    return negative, positive[0]
