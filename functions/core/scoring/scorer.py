"""Runs the exported graph: rows in, probabilities out."""

import os
from collections.abc import Sequence
from typing import Any, NamedTuple

# onnxruntime writes a device id and reports its use unless it is told not to before the import.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import numpy as np
import numpy.typing as npt
import onnxruntime

from functions.core.base.errors import UnusableModel
from functions.core.schema.columns import Columns, rows_of, to_columns
from functions.core.schema.rows import RowReader
from functions.core.schema.schema import Schema

_MULTIPLYING = (b"LinearClassifier", b"LinearRegressor", b"MatMul", b"Gemm", b"SVM")
_OUTPUTS = ("label", "probabilities")


def output_names(schema: Schema) -> tuple[str, str]:
    """What a graph calls its label and its probabilities: no output may have the name of an input."""
    prefix = ""
    while any(f"{prefix}{output}" in schema.names for output in _OUTPUTS):
        prefix += "/"
    label, probabilities = _OUTPUTS
    return f"{prefix}{label}", f"{prefix}{probabilities}"


class Scores(NamedTuple):
    """label: int64 [N], 0 or 1; probability of the positive value: float32 [N], 0 to 1."""

    label: npt.NDArray[np.int64]
    probability: npt.NDArray[np.float32]


class Scorer:
    """A loaded graph of rows of a schema.

    Raises `UnusableModel` when the bytes are no graph with the signature of that schema, or its first answer
    is no probability.
    """

    def __init__(self, model: bytes, schema: Schema) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4
        try:
            self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        # onnxruntime raises a dozen types of its own with no common base but Exception.
        except Exception as error:
            raise UnusableModel("the model's bytes are not a graph that onnxruntime can load") from error
        # onnxruntime multiplies a single row by other code than many, which rounds otherwise: with a linear
        # model, one in six probabilities would differ in the last bit. There, one row is scored as two.
        # A graph is protobuf: the names of its operators stand in it as they are.
        self._multiplies = any(operator in model for operator in _MULTIPLYING)
        self._outputs = output_names(schema)
        inputs = {node.name: node.type for node in self._session.get_inputs()}
        expected = {
            field.name: "tensor(float)" if field.words is None else "tensor(string)"
            for field in schema.features
        }
        if inputs != expected or [node.name for node in self._session.get_outputs()] != [*self._outputs]:
            raise UnusableModel("the model's inputs or outputs are not those of its schema")
        try:
            # The first run of a graph allocates its buffers, and shows that it runs at all: better now than
            # in a caller's request.
            row = RowReader(schema).read(schema.example()).values
            label, probability = self.run(to_columns([row], schema))
        except Exception as error:
            raise UnusableModel("the model's graph loads, but does not run on a row") from error
        if label.shape != (1,) or probability.shape != (1,) or not 0 <= probability[0] <= 1:
            raise UnusableModel("the model's outputs are no labels and probabilities")

    def run(self, columns: Columns) -> Scores:
        """Score rows that are already tensors; see `to_columns` for their shape.

        A row's probability does not depend on the rows beside it, to the last bit.
        """
        rows = rows_of(columns)
        if not rows:
            # Some graphs cannot be run on nothing.
            return Scores(np.empty(0, np.int64), np.empty(0, np.float32))
        if rows == 1 and self._multiplies:
            columns = {name: column.repeat(2, axis=0) for name, column in columns.items()}
        label, probabilities = self._session.run(self._outputs, columns)
        return Scores(label[:rows], probabilities[:rows, 1])


def run_graph(graph: bytes, inputs: Sequence[Any]) -> list[Any]:
    """The outputs of a graph that is no whole model, from its inputs in their order. For training alone."""
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    names = [node.name for node in session.get_inputs()]
    outputs: list[Any] = session.run(None, dict(zip(names, inputs, strict=True)))
    return outputs
