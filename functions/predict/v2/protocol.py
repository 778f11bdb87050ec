"""The Open Inference Protocol, version 2: reads its requests as rows, writes scores as its answers.

https://github.com/open-inference/open-inference-protocol/blob/main/specification/protocol/inference_rest.md
A tensor's values may also follow the JSON as bytes; Triton's clients send them so unless told otherwise:
https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md
"""

import json
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, Field, ValidationError

from functions.core.base.errors import InvalidInput
from functions.core.registry.manifest import Tensor, signature_of
from functions.core.schema.document.fields import MAX_FIELDS
from functions.predict.champion import Loaded
from functions.predict.rows import Rows, read_rows
from functions.predict.scoring import Scored
from functions.predict.v2.tensors import InputTensor, Part, take_values


class RequestedOutput(Part):
    name: Literal["label", "probabilities", "prediction_id"]


class InferRequest(Part):
    """A tensor for each feature that is known; a tensor that is left out is missing for all rows."""

    id: str | None = Field(None, max_length=1_000, description="Comes back in the answer")
    inputs: list[InputTensor] = Field(min_length=1, max_length=MAX_FIELDS)
    outputs: list[RequestedOutput] | None = Field(
        None, max_length=16, description="`label` and `probabilities`, unless said otherwise"
    )


class OutputTensor(BaseModel):
    name: str
    datatype: str
    shape: list[int]
    data: list[int] | list[float] | list[str] = Field(description="Flat, row by row")


class InferAnswer(BaseModel):
    model_name: str = Field(examples=["churn"])
    model_version: str = Field(examples=["64fb781fa1a71ca5"])
    id: str | None = None
    outputs: list[OutputTensor]


class TensorMetadata(BaseModel):
    name: str
    datatype: str
    shape: list[int] = Field(description="-1 stands for the number of rows")


class ModelMetadata(BaseModel):
    name: str = Field(examples=["churn"])
    versions: list[str] = Field(examples=[["64fb781fa1a71ca5"]])
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]


def read(body: bytes, model: Loaded, header_length: str | None = None) -> tuple[InferRequest, Rows]:
    """A request and the rows in it. Raises `InvalidInput`.

    header_length: the header Inference-Header-Content-Length, which tells how many bytes of `body` are JSON
    when the bytes of tensors follow; None when `body` is JSON alone.
    """
    length = len(body) if header_length is None else _length(header_length, len(body))
    try:
        request = InferRequest.model_validate_json(body[:length])
    except ValidationError as error:
        raise InvalidInput(_sentence(error, length, len(body))) from None
    binary = memoryview(body)[length:]
    columns: dict[str, list[Any]] = {}
    for tensor in request.inputs:
        if tensor.name in columns:
            raise InvalidInput(f"the tensor {tensor.name} is given twice")
        columns[tensor.name], binary = take_values(tensor, binary)
    if binary:
        raise InvalidInput(f"{len(binary)} bytes follow the JSON that are no tensor's")
    if len({len(values) for values in columns.values()}) > 1:
        counts = ", ".join(f"{name} has {len(values)}" for name, values in columns.items())
        raise InvalidInput(f"the tensors have different numbers of rows: {counts}")
    return request, read_rows(
        [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)], model.rows
    )


def write(request: InferRequest, scored: Scored, model: Loaded) -> bytes:
    """An `InferAnswer` with the outputs that `request` asks for."""
    rows = len(scored.prediction_id)
    positive = np.array(scored.probability, dtype=np.float32)
    probabilities = np.column_stack([1 - positive, positive])
    tensors: dict[str, tuple[str, list[int], list[Any]]] = {
        "label": ("INT64", [rows], [*map(int, scored.outcome)]),
        "probabilities": ("FP32", [rows, 2], probabilities.ravel().tolist()),
        "prediction_id": ("BYTES", [rows], scored.prediction_id),
    }
    names = [output.name for output in request.outputs or ()] or ["label", "probabilities"]
    outputs = []
    for name in dict.fromkeys(names):
        datatype, shape, data = tensors[name]
        outputs.append({"name": name, "datatype": datatype, "shape": shape, "data": data})
    answer: dict[str, Any] = {
        "model_name": model.served.name,
        "model_version": model.served.version,
        "outputs": outputs,
    }
    if request.id is not None:
        answer["id"] = request.id
    # ASCII: an id may hold a lone surrogate, which UTF-8 cannot.
    return json.dumps(answer, separators=(",", ":")).encode("ascii")


def describe(model: Loaded, versions: list[str]) -> ModelMetadata:
    """The metadata of a model. versions: all that can be asked for by name."""
    signature = signature_of(model.served.schema)
    return ModelMetadata(
        name=model.served.name,
        versions=versions,
        platform="onnxruntime_onnx",
        inputs=_metadata(signature.inputs),
        outputs=_metadata(signature.outputs),
    )


def _metadata(tensors: list[Tensor]) -> list[TensorMetadata]:
    return [
        TensorMetadata(name=tensor.name, datatype=tensor.datatype, shape=tensor.shape) for tensor in tensors
    ]


def _length(header: str, most: int) -> int:
    # Ten digits: more than a body can have, fewer than are too many to convert.
    if not header.isdecimal() or len(header) > 10 or int(header) > most:
        raise InvalidInput(
            f"the header Inference-Header-Content-Length is not a number from 0 to {most}, the body's length"
        )
    return int(header)


def _sentence(error: ValidationError, length: int, most: int) -> str:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    if first["type"] == "json_invalid" and length < most:
        return f"what Inference-Header-Content-Length says is JSON, the first {length} bytes, is not"
    if first["type"] == "json_invalid":
        return "the body is not JSON in UTF-8"
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}".lstrip(": ")
