"""`MLmodel` and what it names: how MLflow loads a version's folder, and which rows it takes.

The keys are those that MLflow writes itself: https://mlflow.org/docs/latest/ml/model/#storage-format
"""

import json
import platform
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from functions.core.schema.schema import Field, Schema
from training.model.version import libraries
from training.publication.mlmodel.code import LOADER, pack_code

# The release whose format this is, which requirements-mlflow.txt locks: a test compares the two.
MLFLOW = "3.17.2"
_PACKED = "code.zip"


def mlflow_parts(name: str, version: str, schema: Schema, graph_size: int) -> dict[str, bytes]:
    """The files that make a version's folder a model of MLflow, by name; the same version, the same bytes.

    name: of the model. graph_size: of model.onnx, in bytes.
    """
    columns = schema.example()
    example = {"columns": list(columns), "data": [list(columns.values())]}
    python = platform.python_version()
    requirements = [
        f"mlflow=={MLFLOW}",
        *(f"{library}=={libraries()[library]}" for library in ("numpy", "onnx", "onnxruntime")),
    ]
    conda = "".join(f"  - {line}\n" for line in requirements)
    texts = {
        "MLmodel": _yaml(_document(name, version, schema, graph_size)),
        "conda.yaml": "channels:\n- conda-forge\n"
        f"dependencies:\n- python={python}\n- pip\n- pip:\n{conda}name: mlflow-env\n",
        "input_example.json": json.dumps(example),
        "python_env.yaml": f"python: {python}\nbuild_dependencies:\n- pip\n"
        "dependencies:\n- -r requirements.txt\n",
        "requirements.txt": "\n".join([*requirements, ""]),
        "serving_input_example.json": json.dumps({"dataframe_split": example}, indent=2),
    }
    return {**{file: text.encode() for file, text in texts.items()}, _PACKED: pack_code()}


def _document(name: str, version: str, schema: Schema, graph_size: int) -> dict[str, Any]:
    return {
        "flavors": {
            "onnx": {
                "code": None,
                "data": "model.onnx",
                "onnx_session_options": {"inter_op_num_threads": 1, "intra_op_num_threads": 1},
                "onnx_version": libraries()["onnx"],
                "providers": ["CPUExecutionProvider"],
            },
            "python_function": {
                "code": _PACKED,
                "data": "model.onnx",
                "env": {"conda": "conda.yaml", "virtualenv": "python_env.yaml"},
                "loader_module": LOADER,
                "python_version": platform.python_version(),
            },
        },
        "metadata": {"lifeboat_model": name, "lifeboat_version": version},
        "mlflow_version": MLFLOW,
        "model_size_bytes": graph_size,
        # 16 hexadecimal digits; MLflow's have 32.
        "model_uuid": UUID(version * 2).hex,
        "saved_input_example_info": {
            "artifact_path": "input_example.json",
            "pandas_orient": "split",
            "serving_input_path": "serving_input_example.json",
            "type": "dataframe",
        },
        "signature": {
            "inputs": json.dumps(inputs(schema)),
            "outputs": json.dumps(outputs(schema)),
            "params": None,
        },
    }


def inputs(schema: Schema) -> list[dict[str, Any]]:
    """The columns of a row, as a signature has them: features, and texts that features follow from."""
    fields = (*schema.features, *schema.sources.values())
    return [{"type": _type(field), "name": field.name, "required": field.required} for field in fields]


def outputs(schema: Schema) -> list[dict[str, Any]]:
    """The columns of an answer."""
    answers = schema.target.answers
    answer = next((answer for answer in answers if isinstance(answer, float)), answers[1])
    # A boolean is an integer to Python, and comes first.
    kinds = ((bool, "boolean"), (int, "long"), (float, "double"), (str, "string"))
    kind = next(word for type_, word in kinds if isinstance(answer, type_))
    return [
        {"type": kind, "name": schema.target.name, "required": True},
        {"type": "double", "name": "probability", "required": True},
    ]


def _type(field: Field) -> str:
    """MLflow's type of a field. In a frame, a whole number or boolean that is missing makes floats of all."""
    if field.type == "string":
        return "string"
    if field.required and field.type in ("integer", "boolean"):
        return "long" if field.type == "integer" else "boolean"
    return "double"


def _yaml(document: Mapping[str, Any], indent: str = "") -> str:
    """Mappings as blocks, all else as JSON, which YAML reads too. In ASCII."""
    lines = []
    for key, value in document.items():
        if isinstance(value, Mapping):
            lines.append(f"{indent}{key}:\n{_yaml(value, indent + '  ')}")
        else:
            lines.append(f"{indent}{key}: {json.dumps(value)}\n")
    return "".join(lines)
