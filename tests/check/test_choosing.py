"""Which tests are chosen for a change, in which order, and for which reason."""

from pathlib import Path

import pytest

from tests.check.choosing import (
    TARGETS,
    Choice,
    choose_tests,
    imported_modules,
    list_tests,
    mirrors,
    module_of,
    passed_over,
)

ROOT = Path(__file__).parents[2]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    files = {
        "pyproject.toml": '[tool.pytest.ini_options]\ntestpaths = ["tests/core", "tests/local"]\n',
        "tests/core/test_rows.py": "import functions.core.rows\n",
        "tests/core/test_tables.py": "from functions.core import rows\nfrom functions.core.csv import read\n",
        "tests/core/test_other.py": "import json\n",
        "tests/local/test_template.py": 'def test():\n    import functions.local.it\n    "a/template.yaml"\n',
        "tests/local/test_sam.py": "ROOT / 'template.yaml'\nfrom tests.support.churn import table\n",
        "tests/sam/test_deploy.py": "import functions.core.rows\n",
    }
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path


def test_the_test_that_stands_where_its_subject_stands_comes_before_those_that_import_it(root: Path) -> None:
    assert choose_tests(["functions/core/rows.py"], root) == [
        Choice("tests/core/test_rows.py", "is about functions/core/rows.py"),
        Choice("tests/core/test_tables.py", "imports functions/core/rows.py"),
    ]


def test_a_test_that_changed_comes_first_and_is_run_once(root: Path) -> None:
    changed = ["functions/core/rows.py", "tests/core/test_tables.py"]
    assert [choice.why for choice in choose_tests(changed, root)] == [
        "changed",
        "is about functions/core/rows.py",
    ]


def test_a_file_that_is_no_python_is_looked_for_by_its_name(root: Path) -> None:
    assert choose_tests(["template.yaml"], root) == [
        Choice("tests/local/test_sam.py", "names template.yaml"),
        Choice("tests/local/test_template.py", "names template.yaml"),
    ]
    assert choose_tests(["plate.yaml"], root) == []


def test_what_tests_share_brings_those_that_use_it(root: Path) -> None:
    assert choose_tests(["tests/support/churn.py"], root) == [
        Choice("tests/local/test_sam.py", "imports tests/support/churn.py")
    ]
    assert [choice.test for choice in choose_tests(["tests/local/conftest.py"], root)] == [
        "tests/local/test_sam.py",
        "tests/local/test_template.py",
    ]


def test_a_test_that_needs_more_than_python_is_not_run_and_its_target_is_named(root: Path) -> None:
    changed = ["functions/core/rows.py", "tests/sam/test_deploy.py", "tests/sam/conftest.py"]
    assert "tests/sam/test_deploy.py" not in {choice.test for choice in choose_tests(changed, root)}
    assert passed_over(changed) == [("tests/sam/test_deploy.py", "test-sam")]


def test_a_deleted_test_is_not_run(root: Path) -> None:
    assert choose_tests(["tests/core/test_gone.py"], root) == []


def test_imports_are_found_wherever_they_stand() -> None:
    text = "import a.b as c\ndef f():\n    from d import (\n        e,\n        g as h,\n    )"
    assert imported_modules(text) == {"a.b", "d", "d.e", "d.g"}


@pytest.mark.parametrize(
    ("path", "module"),
    [("a/b.py", "a.b"), ("a/b/__init__.py", "a.b"), ("a/b.txt", None), ("a/__main__.py", "a.__main__")],
)
def test_a_file_has_the_name_by_which_it_is_imported(path: str, module: str | None) -> None:
    assert module_of(path) == module


def test_a_test_is_about_functions_training_or_what_the_tests_themselves_use() -> None:
    assert "functions/core/schema/rows.py" in mirrors("tests/core/schema/test_rows.py")
    assert "training/gate/rules.py" in mirrors("tests/training/gate/test_rules.py")
    assert "tests/check/choosing.py" in mirrors("tests/check/test_choosing.py")


def test_every_folder_of_tests_is_run_by_make_test_or_by_a_target_of_its_own() -> None:
    folders = {path.parent for path in (ROOT / "tests").rglob("test_*.py")}
    names = {"/".join(folder.relative_to(ROOT).parts[:2]) for folder in folders}
    run = {"/".join(test.split("/")[:2]) for test in list_tests(ROOT)}
    assert names == run | TARGETS.keys()
