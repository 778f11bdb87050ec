"""A repository small enough to be bundled in a test, and what is asked of its bundle."""

import platform
import sys
from pathlib import Path
from unittest import mock

from functions.local.bundle import build as building
from functions.local.bundle.build import Target
from functions.local.bundle.recipe import Contents, Limits, Recipe
from functions.local.platform.template import Function

THIS_PYTHON = Path(sys.executable)
ENOUGH = Limits(unzipped=1, zipped=1)
HERE = Target("x86_64" if platform.machine() == "x86_64" else "arm64", THIS_PYTHON)
FAKE = Function("FakeFunction", "fake", "functions.fake.handler.handler", {"GREETING": "hello"}, 3, 128, 2)
REPOSITORY = {
    "functions/__init__.py": "",
    "functions/core/__init__.py": "",
    "functions/core/greeting.py": "WORDS = {'hello', 'ahoy', 'moin', 'salut'}\n",
    "functions/core/unused.py": "import scipy\n",
    "functions/fake/__init__.py": "",
    "functions/fake/requirements.txt": "",
    "functions/fake/handler.py": (
        "def handler(event, context):\n"
        "    from functions.core import greeting\n\n"
        "    return sorted(greeting.WORDS)\n"
    ),
}
"""A repository of one function, which needs nothing from elsewhere."""


# Build for the Python of the tests, so that they need no other.
built_for_this_python = mock.patch.object(building, "RUNTIME", f"{sys.version_info[0]}.{sys.version_info[1]}")


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def recipe(limits: Limits = ENOUGH, contents: Contents | None = None) -> Recipe:
    return Recipe(bundle=contents or Contents(omit=(".lock",)), bundles={"fake": limits})


def contents_of(folder: Path) -> dict[str, tuple[bytes, float, int]]:
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime, path.stat().st_mode)
        for path in folder.rglob("*")
        if path.is_file()
    }
