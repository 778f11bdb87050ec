"""No pattern may backtrack: each one in the code, against long texts of its own alphabet, in linear time."""

import ast
import importlib
import inspect
import re
import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from itertools import product
from pathlib import Path
from re import _constants as op
from re import _parser as parser
from types import ModuleType
from typing import Any

import pytest

from functions.core.schema.text import row_cutting
from functions.core.schema.text.delimited import SEPARATORS

LENGTH = 65_536
# Of processor time, for one text. Linear takes some milliseconds; a quadratic one has two thousand million
# steps to make.
SECONDS = 0.75
ROOT = Path(__file__).parents[2]
FUNCTIONS = ("compile", "fullmatch", "match", "search", "sub", "subn", "split", "findall", "finditer")
# Made while running, of what is no text of ours: where each of them is held.
MADE_LATER = {
    "functions/core/schema/document/derivations.py": "counted by pattern_cost, see its tests",
    "functions/core/schema/text/row_cutting.py": "of each separator, see `patterns`",
    "functions/core/schema/text/foreign_formats.py": "held in a tuple, where this test finds them",
    "functions/feedback/faults.py": "one of the constants that are tested where they stand",
    "functions/local/platform/http_events.py": "of the template's own paths",
    "functions/pages/unknown.py": "of the API's own paths",
    "functions/local/deployment/parameters.py": "of the template's own parameters",
    "functions/local/platform/template.py": "of the template's own parameters",
    "functions/local/platform/shipping.py": "of the template's own messages",
    "functions/local/platform/shipments.py": "of constants",
    "functions/core/registry/history.py": "of constants",
}
REPEATS = (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT)


def modules() -> Iterator[Path]:
    for folder in ("functions", "training"):
        yield from sorted((ROOT / folder).rglob("*.py"))


@cache
def patterns() -> dict[tuple[str, str | bytes], int]:
    """The flags of each pattern, by the file that has it and its text."""
    found: dict[tuple[str, str | bytes], int] = {}
    for path in modules():
        name = path.relative_to(ROOT).as_posix()
        if path.name == "__main__.py" or "import re" not in path.read_text():
            continue
        module = importlib.import_module(name.removesuffix(".py").replace("/", ".").removesuffix(".__init__"))
        for pattern in held(vars(module).values()):
            found[name, pattern.pattern] = pattern.flags
        for text in literals(path, module, name):
            found.setdefault((name, text), re.compile(text).flags)
    for separator in SEPARATORS:
        quoted = row_cutting._quoted(separator)
        found["functions/core/schema/text/row_cutting.py", quoted.pattern] = quoted.flags
    return found


def held(values: Iterable[Any]) -> Iterator[re.Pattern[Any]]:
    """The compiled patterns among values, and in what they hold."""
    for value in values:
        if isinstance(value, re.Pattern):
            yield value
        elif isinstance(value, dict):
            yield from held(value.values())
        elif isinstance(value, tuple | list | frozenset):
            yield from held(value)


def literals(path: Path, module: ModuleType, name: str) -> Iterator[str | bytes]:
    """What the calls of `re` in a file are given, where that is a constant."""
    for node in ast.walk(ast.parse(path.read_text())):
        if not (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id == "re"
            and node.func.attr in FUNCTIONS
        ):
            continue
        try:
            text = eval(ast.unparse(node.args[0]), vars(module))  # noqa: S307 # our own source
        except NameError:
            assert name in MADE_LATER, f"{name}:{node.lineno}: a pattern that this test cannot see"
            continue
        if isinstance(text, str | bytes):
            yield text


def samples(items: Iterable[tuple[Any, Any]]) -> Iterator[str]:
    """The shortest texts that `items` fit, one of each kind; at most some."""
    choices = [[*dict.fromkeys(of_item(kind, value))][:6] for kind, value in items]
    for _, parts in zip(range(40), product(*choices), strict=False):
        yield "".join(parts)


def of_item(kind: Any, value: Any) -> Iterator[str]:
    if kind in (op.LITERAL, op.NOT_LITERAL, op.IN, op.ANY):
        yield from characters(kind, value)
    elif kind in REPEATS:
        yield from (text * value[0] for text in samples(value[2]))
    elif kind is op.SUBPATTERN:
        yield from samples(value[3])
    elif kind is op.BRANCH:
        for choice in value[1]:
            yield from samples(choice)
    else:
        yield ""


def characters(kind: Any, value: Any) -> Iterator[str]:
    """Some characters of each kind that fit; the ends of ranges among them."""
    if kind is op.LITERAL:
        yield chr(value)
        return
    if kind is op.IN and value[0][0] is not op.NEGATE:
        for what, of in value:
            if what is op.LITERAL:
                yield chr(of)
            elif what is op.RANGE:
                yield from map(chr, of)
            else:
                yield from {"SPACE": " \n", "DIGIT": "1", "WORD": "a1_"}.get(str(of).split("_")[-1], "-")
        return
    taken = [value] if kind is op.NOT_LITERAL else [of for _, of in value[1:]] if kind is op.IN else []
    yield from (text for text in "a1 -." if ord(text) not in taken)


def attacks(text: str) -> Iterator[str]:
    """Texts of `LENGTH` that a pattern has most trouble with: what repeats, and an end that does not fit."""
    parsed = parser.parse(text)
    for before, body in repetitions(list(parsed)):
        yield from (
            f"{start}{part * (LENGTH // len(part))}\0" for start in before[:2] for part in body if part
        )
    alphabet = [*dict.fromkeys("".join(samples(every_item(list(parsed)))))][:8]
    for first, second in product(alphabet, repeat=2):
        yield (first + second) * (LENGTH // 2) + "\0"
        yield first * (LENGTH // 2) + second * (LENGTH // 2) + "\0"


def repetitions(items: list[tuple[Any, Any]]) -> Iterator[tuple[list[str], list[str]]]:
    """Of each repetition: what may stand before it, and what is repeated."""
    for index, (kind, value) in enumerate(items):
        before = [*samples(items[:index])]
        if kind in REPEATS:
            yield before, [*samples(value[2])]
            inner = [list(value[2])]
        else:
            inner = [list(value[3])] if kind is op.SUBPATTERN else []
            inner += [list(choice) for choice in value[1]] if kind is op.BRANCH else []
        for choice in inner:
            yield from (([b + i for b in before for i in ins], body) for ins, body in repetitions(choice))


def every_item(items: list[tuple[Any, Any]]) -> Iterator[tuple[Any, Any]]:
    """All single characters, wherever they stand."""
    for kind, value in items:
        if kind in REPEATS:
            yield from every_item(list(value[2]))
        elif kind is op.SUBPATTERN:
            yield from every_item(list(value[3]))
        elif kind is op.BRANCH:
            for choice in value[1]:
                yield from every_item(list(choice))
        elif kind in (op.LITERAL, op.IN, op.ANY, op.NOT_LITERAL):
            yield kind, value


@contextmanager
def at_most(seconds: float, what: str) -> Iterator[None]:
    """Raises after so much processor time: `re` listens to signals while it searches."""

    def stop(*_: object) -> None:
        raise TimeoutError(what)

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def is_searched(name: str, text: str | bytes) -> bool:
    """Whether a pattern is looked for anywhere in a text, and not only at its beginning."""
    source = (ROOT / name).read_text()
    module = importlib.import_module(name.removesuffix(".py").replace("/", "."))
    names = [
        key for key, value in vars(module).items() if isinstance(value, re.Pattern) and value.pattern == text
    ]
    searches = r"\.(search|sub|subn|split|findall|finditer)\b"
    return any(re.search(rf"\b{key}{searches}", source) for key in names) or (
        not names and bool(re.search(rf"\bre{searches}", source))
    )


def test_every_pattern_of_the_code_is_found() -> None:
    assert len(patterns()) >= 60
    files = {name for name, _ in patterns()}
    assert "functions/core/schema/tables/numbers.py" in files
    assert not [name for name in MADE_LATER if not (ROOT / name).exists()]


@pytest.mark.parametrize(("name", "text"), patterns())
def test_a_pattern_takes_linear_time_on_what_looks_most_like_it(name: str, text: str | bytes) -> None:
    compiled = re.compile(text, patterns()[name, text] & ~re.UNICODE)
    whole = text if isinstance(text, str) else text.decode("latin-1")
    for attack in attacks(whole):
        subject: Any = attack if isinstance(text, str) else attack.encode("latin-1")
        with at_most(SECONDS, f"{name}: {text!r} on {attack[:20]!r}..."):
            compiled.fullmatch(subject)
            compiled.match(subject)
            if is_searched(name, text):
                compiled.search(subject)


@pytest.mark.parametrize("text", [r"[+-]?([0-9]+)+x", r"[0-9]*[0-9]*[.]", r"(?:a|aa)+x"])
def test_the_attacks_find_a_pattern_that_backtracks(text: str) -> None:
    compiled = re.compile(text)
    found = [*attacks(text)]
    with pytest.raises(TimeoutError), at_most(SECONDS, text):
        [*map(compiled.fullmatch, found)]


def test_the_number_that_held_predict_for_fifteen_seconds_takes_none() -> None:
    from functions.core.schema.tables import numbers

    assert inspect.isfunction(numbers.writing)
    with at_most(SECONDS, "a cell of digits"):
        assert numbers.writing("1" * LENGTH + "x") is None
        assert numbers.plain("1," * LENGTH + "x", ".").endswith("x")
