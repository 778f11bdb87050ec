"""What a version is named after."""

from dataclasses import replace

from tests.support.titanic import SCHEMA
from training.version import libraries, version_of


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
