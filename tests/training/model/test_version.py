"""What a version is named after."""

import re
from dataclasses import replace
from pathlib import Path

from functions.core.base.imports import imported
from tests.support.titanic import SCHEMA
from training.model.version import code, libraries, version_of

ROOT = Path(__file__).parents[3]


def test_the_version_changes_with_what_the_model_is_made_from() -> None:
    other = replace(SCHEMA, document={**SCHEMA.document, "title": "another"})
    versions = {
        version_of("a", SCHEMA, {"folds": 2}),
        version_of("b", SCHEMA, {"folds": 2}),
        version_of("a", SCHEMA, {"folds": 3}),
        version_of("a", other, {"folds": 2}),
    }
    assert len(versions) == 4
    assert version_of("a", SCHEMA, {"folds": 2}) in versions
    assert all(len(version) == 16 for version in versions)


def test_the_order_of_keys_in_a_schema_makes_no_other_version() -> None:
    document = dict(reversed([*SCHEMA.document.items()]))
    again = replace(SCHEMA, document=document)
    assert version_of("a", again, {}) == version_of("a", SCHEMA, {})


def test_the_libraries_that_make_a_model_are_named() -> None:
    assert {"numpy", "onnx", "onnxruntime", "scikit-learn", "scipy", "skl2onnx"} == set(libraries())


def test_all_code_that_a_training_runs_on_rows_and_models_is_named() -> None:
    roots = ("training", "functions/core/schema", "functions/core/scoring", "functions/core/stats")
    waiting, needed = ["training.model.engine"], set[Path]()
    while waiting:
        file = Path(*waiting.pop().split(".")).with_suffix(".py")
        if (ROOT / file).is_file() and file not in needed:
            needed.add(file)
            waiting += imported(ROOT, file)
    named = {file for file in needed if any(file.is_relative_to(root) for root in roots)}
    assert {Path("training/table/labellers.py"), Path("functions/core/schema/tables/parquet.py")} <= named
    assert {re.sub("^training/|^functions/core/", "", file.as_posix()) for file in named} <= code().keys()
