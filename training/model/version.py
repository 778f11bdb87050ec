"""The name of a version: 16 hex digits over everything that its model is made from."""

import hashlib
import importlib.metadata
import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import functions.core
from functions.core.schema.schema import Schema

LIBRARIES = ("numpy", "onnx", "onnxruntime", "scikit-learn", "scipy", "skl2onnx")

_TRAINING = Path(__file__).parents[1]
_CORE = Path(functions.core.__file__).parent
# The code that a model's bytes and figures depend on: these packages import no other of training (a contract
# in pyproject.toml). The gate and the way into service are none of it.
_CODE = (
    *(_TRAINING / name for name in ("estimators", "model", "proof", "table")),
    *(_CORE / name for name in ("schema", "scoring", "stats")),
)


@cache
def libraries() -> dict[str, str]:
    """The installed versions of what a model's bytes depend on."""
    return {name: importlib.metadata.version(name) for name in LIBRARIES}


def version_of(dataset_sha256: str, schema: Schema, configuration: Mapping[str, Any]) -> str:
    """16 hex digits that name what these make: data, schema, configuration, code and libraries."""
    made_of = {
        "dataset": dataset_sha256,
        "schema": schema.document,
        "configuration": configuration,
        "code": code(),
        "libraries": libraries(),
    }
    canonical = json.dumps(made_of, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


@cache
def code() -> dict[str, str]:
    """The digests of the code that a model's bytes and figures depend on."""
    return digests_of(_CODE)


def digests_of(folders: Iterable[Path]) -> dict[str, str]:
    """The SHA-256 of each module in these folders and those below them, by its name from its folder on."""
    return {
        file.relative_to(folder.parent).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for folder in folders
        for file in sorted(folder.rglob("*.py"))
    }
