"""What bundles leave out of numpy, neither the rest of numpy nor a function asks for: not in a body either.

numpy.unique, median and quantile use numpy.ma in theirs. A bundle without it imports, and fails when asked.
"""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tests.support.declared import ROOT

NUMPY = Path(np.__file__).parent
USED_BY = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["lifeboat"]["bundle"]["used_by"]
LEFT_OUT = {name.removeprefix("numpy/") for name in USED_BY if name.startswith("numpy/")}
# An attribute of numpy that is asked for by its name; the tests of packages; what builds extensions.
BY_NAME, NOT_SERVED = (
    NUMPY / "__init__.py",
    {"_pytesttester.py", "testutils.py", "conftest.py", "distutils", "tests", "_pyinstaller"},
)


def asked_for(path: Path) -> Iterator[str]:
    """The parts of numpy that a module of it names, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.value.id in {"np", "numpy"}:
                yield node.attr
        elif isinstance(node, ast.Import):
            yield from (alias.name.removeprefix("numpy.").partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("numpy."):
            yield node.module.removeprefix("numpy.").partition(".")[0]


def test_nothing_that_stays_asks_for_what_is_left_out() -> None:
    assert LEFT_OUT
    asking = {
        f"{path} asks for numpy.{name}"
        for path in (ROOT / "functions").rglob("*.py")
        for name in asked_for(path)
        if name in LEFT_OUT
    } | {
        f"{path.relative_to(NUMPY)} asks for numpy.{name}"
        for path in NUMPY.rglob("*.py")
        if path != BY_NAME and not ({*path.relative_to(NUMPY).parts} & (LEFT_OUT | NOT_SERVED))
        for name in asked_for(path)
        if name in LEFT_OUT
    }
    assert asking == set()


def test_what_is_asked_for_in_the_body_of_a_function_is_seen() -> None:
    assert "ma" in set(asked_for(NUMPY / "lib" / "_arraysetops_impl.py"))
