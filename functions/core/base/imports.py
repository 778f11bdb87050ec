"""Which modules a module needs, read from import statements, those inside functions included."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROJECT = ("functions", "training")
_FOR_TYPES = {"TYPE_CHECKING", "typing.TYPE_CHECKING"}


class UnknownModule(Exception):
    """A module of the repository is imported that it does not have; the text names both files."""


@dataclass(frozen=True, slots=True)
class Needs:
    """Files of the repository, relative to it; packages from elsewhere, each with a file that names it."""

    files: tuple[Path, ...]
    packages: dict[str, Path]


def trace(root: Path, module: str) -> Needs:
    """Follow the imports of `module` through the repository at `root`.

    Imports inside functions count: a cold start may leave them out, a bundle may not. Those for type checkers
    do not. Raises `UnknownModule` when the repository has no such module.
    """
    files: set[Path] = set()
    packages: dict[str, Path] = {}
    waiting = [(module, Path(module))]
    while waiting:
        name, importer = waiting.pop()
        if name.partition(".")[0] not in PROJECT:
            packages.setdefault(name.partition(".")[0], importer)
            continue
        for file in _files(root, name, importer):
            if file not in files:
                files.add(file)
                waiting += [(needed, file) for needed in imported(root, file)]
    return Needs(tuple(sorted(files)), packages)


def _files(root: Path, name: str, importer: Path) -> Iterator[Path]:
    """The files that Python runs to import `name`: each package on the way, then the module."""
    parts = name.split(".")
    for depth in range(1, len(parts) + 1):
        file = _file(root, parts[:depth])
        if file is None:
            raise UnknownModule(f"{importer} imports {name}, which is no module of this repository")
        yield file


def _file(root: Path, parts: list[str]) -> Path | None:
    path = Path(*parts)
    candidates = (path / "__init__.py", path.with_suffix(".py"))
    return next((file for file in candidates if (root / file).is_file()), None)


def imported(root: Path, file: Path) -> Iterator[str]:
    """The modules that a file of the repository imports. file: relative to root."""
    for statement in _statements(ast.parse((root / file).read_bytes(), filename=str(file))):
        if isinstance(statement, ast.Import):
            yield from (alias.name for alias in statement.names)
        elif statement.module:
            yield statement.module
            # `from package import name`: a module of its own, or something that the package defines.
            for alias in statement.names:
                if _file(root, [*statement.module.split("."), alias.name]):
                    yield f"{statement.module}.{alias.name}"


def _statements(node: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child
        elif not (isinstance(child, ast.If) and ast.unparse(child.test) in _FOR_TYPES):
            yield from _statements(child)
