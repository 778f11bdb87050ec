"""Runs the exported graph: rows in, probabilities out."""

import os
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

# onnxruntime writes a device id and reports its use unless it is told not to before the import.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import numpy as np
import numpy.typing as npt
import onnxruntime

from functions.core.base.errors import UnsoundAnswer, UnusableModel
from functions.core.schema.columns import Columns, rows_of, to_columns
from functions.core.schema.rows import RowReader
from functions.core.schema.schema import Schema
from functions.core.scoring.deadline import TooLate, within

_MULTIPLYING = (b"LinearClassifier", b"LinearRegressor", b"MatMul", b"Gemm", b"SVM")
_OUTPUTS = ("label", "probabilities")
_SUM_TOLERANCE = 1e-4
# A graph of some hundred megabytes loads in seconds.
LOAD_SECONDS = 60.0
# Before a graph that was late is tried again.
_LATE_SECONDS = 60.0


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

    Raises `UnusableModel` when the bytes are no graph with the signature of that schema, when it answers the
    schema's example, or a row of which nothing is known, with what are no probabilities, or when it has done
    neither within `seconds`.
    """

    def __init__(self, model: bytes, schema: Schema, *, seconds: float = LOAD_SECONDS) -> None:
        # onnxruntime multiplies a single row by other code than many, which rounds otherwise: with a linear
        # model, one in six probabilities would differ in the last bit. There, one row is scored as two.
        # A graph is protobuf: the names of its operators stand in it as they are.
        self._multiplies = any(operator in model for operator in _MULTIPLYING)
        self._outputs = output_names(schema)
        self._limits = onnxruntime.RunOptions()
        _refuse_what_was_late(model)
        try:
            self._session = within(seconds, lambda: self._proven(model, schema), self._terminate)
        except TooLate as error:
            _remember_as_late(model)
            raise UnusableModel(
                f"the model's graph did not load and answer a row within {seconds:g} seconds"
            ) from error

    def _terminate(self) -> None:
        """End every run that is under way at the next operator of the graph, and every later one."""
        self._limits.terminate = True

    def _proven(self, model: bytes, schema: Schema) -> onnxruntime.InferenceSession:
        """The loaded graph, which has answered two rows. Raises `UnusableModel`."""
        session = _load(model)
        inputs = {node.name: node.type for node in session.get_inputs()}
        expected = {
            field.name: "tensor(float)" if field.words is None else "tensor(string)"
            for field in schema.features
        }
        if inputs != expected or [node.name for node in session.get_outputs()] != [*self._outputs]:
            raise UnusableModel("the model's inputs or outputs are not those of its schema")
        # The first run of a graph allocates its buffers, and shows that it runs at all: better now than in a
        # caller's request. Two rows alike are scored by the code that scores many.
        for row in _probes(schema):
            columns = to_columns([row, row] if self._multiplies else [row], schema)
            try:
                answer = session.run(self._outputs, columns, self._limits)
            except Exception as error:
                raise UnusableModel("the model's graph loads, but does not run on a row") from error
            if not _are_probabilities(*answer, rows=rows_of(columns)):
                raise UnusableModel("the model's outputs are no labels and probabilities")
        return session

    def run(self, columns: Columns) -> Scores:
        """Score rows that are already tensors; see `to_columns` for their shape.

        A row's probability does not depend on the rows beside it, to the last bit. Raises `UnsoundAnswer`
        when one of them is none.
        """
        rows = rows_of(columns)
        if not rows:
            # Some graphs cannot be run on nothing.
            return Scores(np.empty(0, np.int64), np.empty(0, np.float32))
        if rows == 1 and self._multiplies:
            columns = {name: column.repeat(2, axis=0) for name, column in columns.items()}
        label, probabilities = self._session.run(self._outputs, columns)
        scores = Scores(label[:rows], probabilities[:rows, 1])
        if not _are_sound(scores):
            raise UnsoundAnswer(
                "the model answered with what is no probability, so nothing of it is told: put another "
                "version into service (POST /models/rollback)"
            )
        return scores


def _load(model: bytes) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        # To fold constants runs parts of the graph while it loads, and no flag ends that: a graph of a few
        # hundred bytes can take hours. In a run, the same operators can be ended.
        return onnxruntime.InferenceSession(
            model, options, providers=["CPUExecutionProvider"], disabled_optimizers=["ConstantFolding"]
        )
    # onnxruntime raises a dozen types of its own with no common base but Exception.
    except Exception as error:
        raise UnusableModel("the model's bytes are not a graph that onnxruntime can load") from error


def _probes(schema: Schema) -> list[Sequence[Any]]:
    """The schema's example, and a row with nothing but what the schema requires."""
    example, reader = schema.example(), RowReader(schema)
    fields = (*schema.features, *schema.sources.values())
    bare = {field.name: example[field.name] for field in fields if field.required}
    return [reader.read(row).values for row in (example, bare)]


def _are_probabilities(label: Any, probabilities: Any, *, rows: int) -> bool:
    """Whether these are labels 0 or 1, int64 [N], and two probabilities for each, [N, 2], which sum to 1."""
    shapes = (getattr(label, "shape", None), getattr(probabilities, "shape", None))
    if shapes != ((rows,), (rows, 2)) or (label.dtype, probabilities.dtype) != (np.int64, np.float32):
        return False
    # What is not a number is in no range.
    in_range = ((label == 0) | (label == 1)).all() and ((probabilities >= 0) & (probabilities <= 1)).all()
    return bool(in_range and (abs(probabilities.sum(axis=1) - 1) <= _SUM_TOLERANCE).all())


def _are_sound(scores: Scores) -> bool:
    """Whether all are labels and probabilities of as many rows. NaN is in no range, and `min` finds it."""
    label, probability = scores
    if len(label) == len(probability) == 1:
        # numpy's functions take longer than all else that is done for one row.
        return 0 <= probability.item() <= 1 and label.item() in (0, 1)
    return (
        len(label) == len(probability)
        and bool(probability.min() >= 0 and probability.max() <= 1)
        and bool(label.min() >= 0 and label.max() <= 1)
    )


# Graphs that were given up, each until when (monotonic seconds): an operator that cannot be ended keeps a
# thread, and another attempt with each request would keep another.
_LATE: dict[int, float] = {}


def _refuse_what_was_late(model: bytes) -> None:
    if _LATE and time.monotonic() < _LATE.get(hash(model), 0):
        raise UnusableModel(
            "the model's graph did not load in time a moment ago; it is tried again in a minute"
        )


def _remember_as_late(model: bytes) -> None:
    _LATE[hash(model)] = time.monotonic() + _LATE_SECONDS


def run_graph(graph: bytes, inputs: Sequence[Any]) -> list[Any]:
    """The outputs of a graph that is no whole model, from its inputs in their order. For training alone."""
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    names = [node.name for node in session.get_inputs()]
    outputs: list[Any] = session.run(None, dict(zip(names, inputs, strict=True)))
    return outputs
