"""A tensor of the Open Inference Protocol: one feature of N rows, in JSON or as bytes behind it."""

from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from functions.core.base.errors import InvalidInput
from functions.predict.rows import MAX_ROWS

_INTEGERS = {
    "INT8": "<i1",
    "INT16": "<i2",
    "INT32": "<i4",
    "INT64": "<i8",
    "UINT8": "<u1",
    "UINT16": "<u2",
    "UINT32": "<u4",
    "UINT64": "<u8",
}
_FLOATS = {"FP16": "<f2", "FP32": "<f4", "FP64": "<f8"}
# What each lays out as bytes, and what may stand for it in JSON; null may in all of them.
_LAYOUT = {"BOOL": "?"} | _INTEGERS | _FLOATS
_KINDS: dict[str, tuple[type, ...]] = {
    "BOOL": (bool, type(None)),
    "BYTES": (str, type(None)),
    **dict.fromkeys(_INTEGERS, (int, type(None))),
    **dict.fromkeys(_FLOATS, (int, float, type(None))),
}

Datatype = Literal[
    "BOOL",
    "INT8",
    "INT16",
    "INT32",
    "INT64",
    "UINT8",
    "UINT16",
    "UINT32",
    "UINT64",
    "FP16",
    "FP32",
    "FP64",
    "BYTES",
]


class Part(BaseModel):
    """Base of what a request consists of."""

    # What an extension of the protocol adds is passed over.
    model_config = ConfigDict(extra="ignore", strict=True)

    parameters: dict[str, Any] | None = Field(None, description="Passed over, but for `binary_data_size`")


class InputTensor(Part):
    """A feature of N rows. NaN, null and an empty string stand for a value that is missing."""

    name: str = Field(max_length=100, description="The feature", examples=["age"])
    shape: list[int] = Field(max_length=8, description="[N] or [N, 1]", examples=[[2, 1]])
    datatype: Datatype = Field(examples=["FP32"])
    data: list[Any] | None = Field(
        None, max_length=MAX_ROWS, description="N values, flat or nested", examples=[[29.0, 34.5]]
    )


def take_values(tensor: InputTensor, binary: memoryview) -> tuple[list[Any], memoryview]:
    """The tensor's values, None for missing, and what is left of the bytes that follow the JSON.

    Raises `InvalidInput`.
    """
    size = (tensor.parameters or {}).get("binary_data_size")
    if size is None:
        values = _listed(tensor)
    elif type(size) is int and 0 <= size <= len(binary):
        values, binary = _decoded(tensor, binary[:size]), binary[size:]
    else:
        raise InvalidInput(
            f"binary_data_size of the tensor {tensor.name} is not a number from 0 to {len(binary)}, which is "
            "how many bytes are left after the JSON; its length goes into Inference-Header-Content-Length"
        )
    return [None if value != value or value == "" else value for value in values], binary


def _rows(tensor: InputTensor) -> int:
    match tensor.shape:
        case [rows] | [rows, 1] if 1 <= rows <= MAX_ROWS:
            return rows
    raise InvalidInput(
        f"the tensor {tensor.name} has to have the shape [N] or [N, 1], with N from 1 to {MAX_ROWS}"
    )


def _listed(tensor: InputTensor) -> list[Any]:
    """The values that stand in the JSON."""
    rows, data = _rows(tensor), tensor.data
    if data is None:
        raise InvalidInput(f"the tensor {tensor.name} has neither data nor the parameter binary_data_size")
    if len(tensor.shape) == 2 and all(type(value) is list and len(value) == 1 for value in data):
        data = [value for [value] in data]
    if len(data) != rows:
        raise InvalidInput(f"the tensor {tensor.name} has {len(data)} values, and a shape of {rows}")
    if not set(map(type, data)) <= set(_KINDS[tensor.datatype]):
        hint = "; of BOOL, true and false would be" if any(type(value) is bool for value in data) else ""
        raise InvalidInput(f"the tensor {tensor.name} has values that are not {tensor.datatype}{hint}")
    return data


def _decoded(tensor: InputTensor, chunk: memoryview) -> list[Any]:
    """The values that follow the JSON: numbers little-endian, each string behind its length in four bytes."""
    rows = _rows(tensor)
    try:
        if tensor.datatype == "BYTES":
            return _strings(bytes(chunk), rows)
        values: list[Any] = np.frombuffer(chunk, _LAYOUT[tensor.datatype], count=rows).tolist()
        if len(chunk) == rows * np.dtype(_LAYOUT[tensor.datatype]).itemsize:
            return values
    except ValueError:
        pass
    raise InvalidInput(f"the tensor {tensor.name} has bytes that are not {rows} values of {tensor.datatype}")


def _strings(chunk: bytes, rows: int) -> list[str]:
    """Raises `ValueError` when `chunk` is not `rows` strings in UTF-8."""
    strings, end = [], 0
    for _ in range(rows):
        begins = end + 4
        end = begins + int.from_bytes(chunk[end:begins], "little")
        strings.append(chunk[begins:end].decode())
    if end != len(chunk):
        raise ValueError("the lengths do not add up")
    return strings
