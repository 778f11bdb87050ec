"""Reads which categories of a schema are derived from texts, and by which patterns."""

import re
from collections.abc import Mapping
from typing import Any

from functions.core.schema.document.findings import Findings
from functions.core.schema.document.pattern_cost import most_steps
from functions.core.schema.schema import Derived, Field

MAX_PATTERN = 200
MAX_STEPS = 1e8
"""Of the search for a pattern in one text: half a second, were they all taken."""

_ESCAPED = re.compile(r"\\.|\[\^?\]?[^\]]*\]?", re.DOTALL)
"""What stands for one character, whatever it looks like: an escape, or a class."""


def parse_derived(listed: object, names: Mapping[str, Field], findings: Findings) -> tuple[Derived, ...]:
    """What is derived in a document. listed: what it has under `derived`."""
    if not isinstance(listed, list) or not all(isinstance(item, dict) for item in listed):
        findings.fault("derived is no list of objects with field, from, pattern and words")
        return ()
    derived = []
    for item in listed:
        try:
            derived.append(_parse_derivation(item, names))
        except _Unfit as error:
            findings.fault(f"derived {item.get('field')}: {error}")
    return tuple(derived)


class _Unfit(Exception):
    """Why an item is no derivation."""


def _parse_derivation(item: Mapping[str, Any], names: Mapping[str, Field]) -> Derived:
    """Raises `_Unfit`."""
    field, source = _field(item.get("field"), names), _field(item.get("from"), names)
    if not field or not field.categories:
        raise _Unfit("its field is none of the fields of text with categories")
    if not source:
        raise _Unfit("from names none of the fields of text")
    pattern = _compiled(item.get("pattern"), source)
    words = item.get("words")
    if not isinstance(words, dict):
        raise _Unfit("words is no object of words and the categories they stand for")
    known = {str(category).casefold(): str(category) for category in field.categories}
    # A word that stands for no category is a missing value.
    meant = {"": ""} | known
    folded = {}
    for word, category in words.items():
        text = "" if category is None else str(category)
        if text.casefold() not in meant:
            raise _Unfit(f"{text} is none of the categories of {field.name}")
        folded[word.strip().casefold()] = meant[text.casefold()]
    return Derived(field.name, source.name, pattern, folded)


def _field(name: object, names: Mapping[str, Field]) -> Field | None:
    """The field of text of that name."""
    field = names.get(name) if isinstance(name, str) else None
    return field if field and field.type == "string" else None


def _compiled(pattern: object, source: Field) -> re.Pattern[str]:
    """Raises `_Unfit`, also for what may take too long on the longest text that `source` may have."""
    if not isinstance(pattern, str):
        raise _Unfit("pattern is no text")
    if len(pattern) > MAX_PATTERN:
        raise _Unfit(f"its pattern is longer than {MAX_PATTERN} characters")
    try:
        compiled = re.compile(pattern)
    except (re.error, OverflowError) as error:
        raise _Unfit(f"its pattern is no regular expression: {error}") from None
    if compiled.groups < 1:
        raise _Unfit("its pattern has no group; put what is meant into parentheses")
    if _repeats_repetition(pattern) or re.search(r"\\[1-9]|\(\?P=", pattern):
        raise _Unfit("its pattern repeats a repetition, or refers back to a group: that may take for ever")
    if most_steps(pattern, source.max_length) > MAX_STEPS:
        raise _Unfit(
            f"its pattern may take too long on a text of {source.max_length:,} characters; begin it with ^, "
            f"let it repeat or choose less often, or give {source.name} a smaller maxLength"
        )
    return compiled


def _repeats_repetition(pattern: str) -> bool:
    """Whether a group is repeated in which something is repeated, may be left out, or is one of several."""
    plain = _ESCAPED.sub("x", pattern).replace("(?", "(")
    # For each group that is open: whether its contents can match one text in more than one way.
    open_groups = [False]
    for index, character in enumerate(plain):
        if character == "(":
            open_groups.append(False)
        elif character == ")":
            is_ambiguous = open_groups.pop()
            if is_ambiguous and plain[index + 1 : index + 2] in ("*", "+", "{"):
                return True
            open_groups[-1] |= is_ambiguous
        elif character in "*+?{|":
            open_groups[-1] = True
    return False
