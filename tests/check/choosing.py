"""Which tests are about the files that changed, and why.

A test is chosen, in this order, when

1. it changed itself, or the conftest.py of its folder did;
2. it stands where its subject stands: tests/core/schema/test_rows.py for functions/core/schema/rows.py;
3. it imports what changed, in its own text (whatever that is imported by in turn is left to `make test`);
4. it names a file that changed and is no Python, such as template.yaml.
"""

import ast
import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

# Tests that need more than Python, by their folders: the targets that run them.
TARGETS = {
    "tests/arm64": "test-arm64",
    "tests/browser": "test-pages",
    "tests/deploy": "test-deploy",
    "tests/faults": "test-faults",
    "tests/fresh": "test-fresh",
    "tests/image": "test-image",
    "tests/mlflow": "test-track",
    "tests/sam": "test-sam",
}


@dataclass(frozen=True, slots=True)
class Choice:
    """A file of tests, and why it is run."""

    test: str
    why: str


def choose_tests(changed: Sequence[str], root: Path) -> list[Choice]:
    """The tests of `changed`, the nearest first. Paths are relative to `root`, with slashes."""
    tests = list_tests(root)
    modules = {module: path for path in changed if (module := module_of(path))}
    data = [path for path in changed if not path.endswith(".py")]
    found: dict[str, tuple[int, str]] = {}
    for test in tests:
        for rank, why in _reasons(test, changed, modules, data, root):
            if test not in found or rank < found[test][0]:
                found[test] = (rank, why)
    return [Choice(test, found[test][1]) for test in sorted(found, key=lambda test: (found[test][0], test))]


def passed_over(changed: Iterable[str]) -> list[tuple[str, str]]:
    """The changed tests that need more than Python, each with the target that runs it."""
    return [
        (path, target)
        for path in changed
        for folder, target in TARGETS.items()
        if path.startswith(f"{folder}/") and _is_test(path)
    ]


def list_tests(root: Path) -> list[str]:
    """The files of tests that `make test` runs: those below pytest's `testpaths`, sorted."""
    settings = tomllib.loads((root / "pyproject.toml").read_text())
    folders = settings["tool"]["pytest"]["ini_options"]["testpaths"]
    return sorted(
        path.relative_to(root).as_posix() for folder in folders for path in (root / folder).rglob("test_*.py")
    )


def module_of(path: str) -> str | None:
    """The name by which a file is imported; None for what is not."""
    if not path.endswith(".py"):
        return None
    parts = PurePosixPath(path).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def mirrors(test: str) -> list[str]:
    """The files that a test may be about, by where it stands."""
    path = PurePosixPath(test)
    name = path.name.removeprefix("test_")
    inside = path.parent.relative_to("tests")
    tops = ("functions", ".", "tests")
    return [str(PurePosixPath(top) / inside / name) for top in tops]


def _reasons(
    test: str, changed: Sequence[str], modules: dict[str, str], data: Sequence[str], root: Path
) -> Iterator[tuple[int, str]]:
    if test in changed:
        yield 0, "changed"
    for path in changed:
        if path.endswith("conftest.py") and PurePosixPath(path).parent in PurePosixPath(test).parents:
            yield 0, f"has the fixtures of {path}"
    if subject := next((path for path in mirrors(test) if path in changed), None):
        yield 1, f"is about {subject}"
    text = (root / test).read_text()
    if module := next((name for name in sorted(imported_modules(text)) if name in modules), None):
        yield 2, f"imports {modules[module]}"
    if name := next((path for path in data if _names(text, PurePosixPath(path).name)), None):
        yield 3, f"names {name}"


def imported_modules(text: str) -> set[str]:
    """The modules that a Python text imports anywhere in it, and the names in them, which may be modules."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def _names(text: str, name: str) -> bool:
    return re.search(rf"""["'/]{re.escape(name)}["'\s]""", text) is not None


def _is_test(path: str) -> bool:
    name = PurePosixPath(path).name
    return name.startswith("test_") and name.endswith(".py")
