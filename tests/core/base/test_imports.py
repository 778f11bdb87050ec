"""What a module needs is read from its import statements, and from those of what it imports."""

from pathlib import Path

import pytest

from functions.core.base.imports import UnknownModule, trace
from tests.local.bundle.bundles import write


def test_imports_are_followed_wherever_they_stand_except_those_for_types(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        {
            "functions/__init__.py": "",
            "functions/a.py": (
                "import typing\nfrom functions.b import VALUE\n"
                "if typing.TYPE_CHECKING:\n    import mypy_boto3_s3\n"
                "try:\n    import numpy.random\nexcept ImportError:\n    pass\n"
            ),
            "functions/b.py": "VALUE = 1\n\ndef late():\n    import training.c, boto3\n",
            "training/__init__.py": "",
            "training/c.py": "import functions.a\n",
        },
    )
    needs = trace(root, "functions.a")
    assert [str(file) for file in needs.files] == [
        "functions/__init__.py", "functions/a.py", "functions/b.py", "training/__init__.py", "training/c.py",
    ]  # fmt: skip
    assert needs.packages == {
        "typing": Path("functions/a.py"),
        "numpy": Path("functions/a.py"),
        "boto3": Path("functions/b.py"),
    }


def test_an_import_of_a_module_that_is_not_there_is_refused(tmp_path: Path) -> None:
    root = write(tmp_path, {"functions/__init__.py": "", "functions/a.py": "import functions.gone\n"})
    with pytest.raises(UnknownModule, match=r"functions/a.py imports functions.gone, which is no module"):
        trace(root, "functions.a")
