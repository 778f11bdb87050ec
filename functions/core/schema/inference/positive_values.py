"""Which values of a target count as yes: those that somebody named, or else the one of two that seems to."""

from collections.abc import Collection, Mapping

from functions.core.base.errors import InvalidInput
from functions.core.schema.tables.header import listed
from functions.core.schema.target import Word

_POSITIVE = frozenset(
    {
        "yes", "true", "t", "y", "1", "positive", "pos", "+", "survived", "alive", "churned", "churn", "left",
        "attrited", "default", "defaulted", "bad", "malignant", "fraud", "fraudulent", "spam", "abnormal",
        "disease", "sick", "presence", "present", "success", "approved", "accepted", "won", "win", "pass",
        "passed", "good", "ja", "oui", "si", "sí", "sim", "tak", "evet", "да",
    }
)  # fmt: skip
# The word beside one of these means the thing, this one that it is not there.
_NEGATIONS = ("not ", "not_", "not-", "non", "no ", "no_", "no-", "un", "in")


def find_named(column: str, values: Collection[Word], named: str) -> list[Word]:
    """The values that somebody named: one, or several with commas between, in any case.

    values: those of the column, two or more. Raises `InvalidInput` for a word that is none of them, and where
    no value is left that counts as no.
    """
    by_word = {str(value).casefold(): value for value in values}
    # A value may have a comma in it.
    words = [named] if named.strip().casefold() in by_word else named.split(",")
    found = [_find(column, by_word, word.strip()) for word in words]
    chosen = [value for value in values if value in found]
    if len(chosen) == len(values):
        raise InvalidInput(
            f"of the target {column}, every value would count as yes ({listed(map(str, values))}): leave out "
            "those that count as no"
        )
    return chosen


def _find(column: str, by_word: Mapping[str, Word], word: str) -> Word:
    if (value := by_word.get(word.casefold())) is not None:
        return value
    raise InvalidInput(
        f"the target {column} has no value {word or 'of no characters'} to count as yes; its values are: "
        f"{listed(map(str, by_word.values()))}"
    )


def choose_positive(values: Mapping[Word, int]) -> tuple[Word, str]:
    """The value of two that counts as yes, and why. values: rows of each.

    A list of signs, the strongest of which counts.
    """
    first, second = values
    if not isinstance(first, str) or not isinstance(second, str):
        if set(values) in ({0, 1}, {-1, 1}):
            return 1, "as the greater"
        return _rarer(values)
    for word, other in ((first, second), (second, first)):
        low, high = other.casefold(), word.casefold()
        if any(low == f"{prefix}{high}" for prefix in _NEGATIONS):
            return word, f"as {other} is its opposite"
    known = [word for word in (first, second) if word.casefold() in _POSITIVE]
    if len(known) == 1:
        return known[0], "by its meaning"
    greater = [word for word in (first, second) if word.startswith((">", "≥")) or word.endswith("+")]
    if len(greater) == 1:
        return greater[0], "as the greater"
    return _rarer(values)


def _rarer(values: Mapping[Word, int]) -> tuple[Word, str]:
    (first, few), (second, many) = values.items()
    if few == many:
        return max(first, second, key=str), "as the last in order, both being equally frequent"
    return (first if few < many else second), "as the rarer one"
