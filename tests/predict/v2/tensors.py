"""Requests of the Open Inference Protocol, version 2: passengers as tensors, in JSON or as bytes."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

INFER = "/v2/models/titanic/infer"
PASSENGERS = [
    {"pclass": 1, "sex": "female", "age": 29.5, "sibsp": 0, "fare": 211.34, "embarked": "S", "title": "Miss"},
    {"pclass": 3, "sex": "male", "age": None, "sibsp": 1, "fare": 7.25, "embarked": None, "title": None},
    {"pclass": 2, "sex": "female", "age": 0.92, "sibsp": 20, "fare": None, "embarked": "Q", "title": "Mrs"},
]
WORDS = ("sex", "embarked", "title")
Tensor = dict[str, Any]


def column(name: str) -> list[Any]:
    return [passenger[name] for passenger in PASSENGERS]


def tensor(name: str, datatype: str, data: Sequence[Any], shape: list[int] | None = None) -> Tensor:
    return {"name": name, "datatype": datatype, "shape": shape or [len(data)], "data": list(data)}


def tensors() -> list[Tensor]:
    """`PASSENGERS`, one tensor per feature."""
    return [tensor(name, "BYTES" if name in WORDS else "FP64", column(name)) for name in PASSENGERS[0]]


PERSON = [tensor("pclass", "INT64", [3]), tensor("sex", "BYTES", ["male"])]


def request(*inputs: Tensor, **more: Any) -> str:
    return json.dumps({"inputs": inputs, **more})


def as_bytes(*inputs: Tensor) -> tuple[bytes, dict[str, str]]:
    """The same with the values behind the JSON, and the headers that go with it."""
    binary = b""
    described = []
    for one in inputs:
        if one["datatype"] == "BYTES":
            words = [(word or "").encode() for word in one["data"]]
            chunk = b"".join(len(word).to_bytes(4, "little") + word for word in words)
        else:
            kind = (
                one["datatype"].replace("FP", "float").replace("INT", "int").replace("Uint", "uint").lower()
            )
            chunk = np.array(one["data"], dtype=kind).tobytes()
        binary += chunk
        described.append({**one, "parameters": {"binary_data_size": len(chunk)}})
        del described[-1]["data"]
    head = request(*described).encode()
    headers = {
        "content-type": "application/octet-stream",
        "inference-header-content-length": str(len(head)),
    }
    return head + binary, headers


def survival(answer: dict[str, Any]) -> list[float]:
    found: list[float] = next(
        one["data"][1::2] for one in answer["outputs"] if one["name"] == "probabilities"
    )
    return found
