"""What MLflow is told of a version: which rows it takes, what it answers, and how it is loaded."""

import json
import tomllib
from typing import Any

import pytest
import yaml

from functions.core.schema.document.parsing import parse_schema, read_schema
from functions.core.storage.view import ModelStore
from functions.local.process.child import ROOT
from tests.support.titanic import SCHEMA
from tests.support.training import publish
from training.publication.mlmodel.document import MLFLOW, inputs, mlflow_parts, outputs

VERSION = "0123456789abcdef"


def document(schema: Any = SCHEMA, name: str = "titanic") -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(mlflow_parts(name, VERSION, schema, 65_000)["MLmodel"])
    return read


def schema_of(*fields: dict[str, Any], **keys: Any) -> Any:
    return parse_schema(
        {"fields": [*fields, {"name": "left", "type": "boolean"}], "target": {"field": "left"}} | keys
    )


def test_the_columns_of_a_signature_are_those_that_a_request_may_have() -> None:
    assert {(column["name"], column["type"], column["required"]) for column in inputs(SCHEMA)} == {
        ("pclass", "long", True),
        ("sex", "string", True),
        ("age", "double", False),
        ("sibsp", "double", False),
        ("parch", "double", False),
        ("fare", "double", False),
        ("embarked", "string", False),
        ("title", "string", False),
        # What `title` is derived from, and no feature.
        ("name", "string", False),
    }


@pytest.mark.parametrize(
    ("type_", "required", "expected"),
    [
        ("integer", True, "long"),
        ("integer", False, "double"),
        ("boolean", True, "boolean"),
        # A missing boolean would be taken for false.
        ("boolean", False, "double"),
        ("number", True, "double"),
    ],
)
def test_what_may_be_missing_has_a_type_that_can_be_missing(
    type_: str, required: bool, expected: str
) -> None:
    schema = schema_of({"name": "x", "type": type_, "constraints": {"required": required}})
    assert inputs(schema) == [{"type": expected, "name": "x", "required": required}]


@pytest.mark.parametrize(
    ("target", "positive", "expected"),
    [
        ({"type": "boolean"}, True, "boolean"),
        ({"type": "string", "constraints": {"enum": ["stays", "leaves"]}}, "leaves", "string"),
        ({"type": "integer", "constraints": {"enum": [1, 2]}}, 2, "long"),
        ({"type": "number", "constraints": {"enum": [1, 2.5]}}, 1, "double"),
    ],
)
def test_an_answer_has_the_type_of_the_target(target: dict[str, Any], positive: Any, expected: str) -> None:
    schema = parse_schema(
        {
            "fields": [{"name": "x", "type": "number"}, {"name": "y", **target}],
            "target": {"field": "y", "positive": positive},
        }
    )
    assert outputs(schema) == [
        {"type": expected, "name": "y", "required": True},
        {"type": "double", "name": "probability", "required": True},
    ]


def test_names_of_people_s_choosing_come_through_yaml_as_they_are() -> None:
    name = 'a: "b" 🛟 {%} # -'
    read = document(schema_of({"name": name, "type": "number"}))
    assert json.loads(read["signature"]["inputs"])[0]["name"] == name


def test_the_same_version_gives_the_same_bytes() -> None:
    parts = mlflow_parts("titanic", VERSION, SCHEMA, 65_000)
    assert parts == mlflow_parts("titanic", VERSION, read_schema(SCHEMA.as_json()), 65_000)
    assert set(parts) == {
        "MLmodel", "code.zip", "conda.yaml", "input_example.json", "python_env.yaml", "requirements.txt",
        "serving_input_example.json",
    }  # fmt: skip


def test_what_mlflow_is_told_to_install_is_what_is_locked() -> None:
    lock = (ROOT / "requirements-mlflow.txt").read_text(encoding="utf-8")
    parts = mlflow_parts("titanic", VERSION, SCHEMA, 65_000)
    requirements = parts["requirements.txt"].decode().split()
    assert f"mlflow=={MLFLOW}" in requirements
    for requirement in requirements:
        assert f"\n{requirement} " in lock
    conda = yaml.safe_load(parts["conda.yaml"])
    assert conda["dependencies"][-1] == {"pip": requirements}
    assert yaml.safe_load(parts["python_env.yaml"])["dependencies"] == ["-r requirements.txt"]


def test_mlflow_is_in_no_bundle_for_it() -> None:
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]
    assert not any("mlflow" in str(line) for line in groups["retrain"])


def test_a_version_is_published_with_what_mlflow_reads(store: ModelStore) -> None:
    version = publish(store).version
    assert version is not None
    read = yaml.safe_load(store.get(f"models/{version}/MLmodel").body)
    assert read["metadata"] == {"lifeboat_model": "titanic", "lifeboat_version": version}
    assert len(read["model_uuid"]) == 32
    for file in (
        read["flavors"]["onnx"]["data"],
        read["flavors"]["python_function"]["code"],
        read["saved_input_example_info"]["artifact_path"],
        read["saved_input_example_info"]["serving_input_path"],
        *read["flavors"]["python_function"]["env"].values(),
    ):
        assert store.get(f"models/{version}/{file}").body
