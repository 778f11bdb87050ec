"""The count of steps is never too small: checked by letting the engine search."""

import random
import re
import time

import pytest

from functions.core.schema.document.derivations import MAX_STEPS
from functions.core.schema.document.pattern_cost import most_steps

ATOMS = ["a", "b", ".", "[ab]", "[^a]", r"\w", r"\s", r"[^.,\s]", ",", " ", "(a|b)", "(?:aa|a)", "(?:ab)"]
ENDS = ["", "*", "+", "?", "{0,30}", "*?", "{2}"]
# Nanoseconds of a step of the engine, rounded up generously for a machine that is busy.
STEP = 100e-9


@pytest.mark.parametrize(
    ("pattern", "length", "steps"),
    [
        ("^(a)b", 1_000, 10),
        # Not n squared: a comma is no white space, and what is no full stop meets none.
        (r",\s*([^.]+)\.", 1_000, 1e7),
        (r"(\w+) (\w+) (\w+)\.", 1_000, 1e7),
        # All in one go from the beginning, or from every place.
        ("^(.*)x", 1_000, 1e4),
        ("(.*)x", 1_000, 1e7),
    ],
)
def test_what_takes_little_time_is_known_to(pattern: str, length: int, steps: float) -> None:
    assert most_steps(pattern, length) <= steps


@pytest.mark.parametrize(
    ("pattern", "steps"),
    [
        ("(a)a*a*a*b", 1e10),
        # By these flags, A is an a: what follows is not another character.
        ("(?i)(a+)A+x", 1e8),
        ("((?i:a+))A+x", 1e8),
        # Beyond the last white space, ranges and letters meet.
        ("([\u4e00-\u4e80]+)\\w+x", 1e8),
        ("(?s:(.+).+x)", 1e8),
        ("(?m)^(a+)a+x", 1e8),
        # Too many to be a number at all.
        ("(?:ab|b|cd){2000}(x)", 1e300),
    ],
)
def test_what_takes_long_is_not_taken_for_quick(pattern: str, steps: float) -> None:
    assert most_steps(pattern, 1_000) >= steps


def test_no_pattern_takes_more_steps_than_were_counted() -> None:
    draw = random.Random(20)  # noqa: S311 # no secret
    tried = 0
    while tried < 150:
        parts = [draw.choice(ATOMS) + draw.choice(ENDS) for _ in range(draw.randint(2, 6))]
        pattern = draw.choice(["", "", "^"]) + "".join(parts) + draw.choice(["x", "$", ""])
        if re.search(r"\)[*+{]", pattern):
            continue
        tried += 1
        length = draw.choice([30, 200, 1_000])
        steps = most_steps(pattern, length)
        if steps > MAX_STEPS / 4:
            continue
        for unit in ("a", "b", "ab", "aab", ", ", " ", ",a", "a.", ", a"):
            text = (unit * length)[: length - 1] + "\0"
            begins = time.thread_time()
            re.search(pattern, text)
            assert time.thread_time() - begins <= 0.005 + STEP * steps, (pattern, unit, length, steps)
