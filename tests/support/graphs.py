"""Graphs with the signature of the Titanic's models that nobody should serve, made operator by operator."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import GraphProto, NodeProto, TensorProto, helper, numpy_helper

from tests.support.titanic import SCHEMA
from training.proof.export import IR_VERSION, ML_OPSET, OPSET

# More turns than any machine takes.
_FOR_EVER = 2**62
_AGE = "age"
Constants = dict[str, npt.NDArray[Any]]


def floats(value: object) -> npt.NDArray[np.float32]:
    return np.array(value, dtype=np.float32)


def ints(value: object) -> npt.NDArray[np.int64]:
    return np.array(value, dtype=np.int64)


def graph_of(nodes: Sequence[NodeProto], **constants: npt.NDArray[Any]) -> bytes:
    """A graph of the schema's signature, whose `nodes` make `label` and `probabilities` of the features."""
    inputs = [
        helper.make_tensor_value_info(
            field.name, TensorProto.FLOAT if field.words is None else TensorProto.STRING, [None, 1]
        )
        for field in SCHEMA.features
    ]
    outputs = [
        helper.make_tensor_value_info("label", TensorProto.INT64, [None]),
        helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [None, 2]),
    ]
    initializers = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(list(nodes), "hostile", inputs, outputs, initializer=initializers)
    return _bytes_of(graph)


def _bytes_of(graph: GraphProto) -> bytes:
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", ML_OPSET)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
    found: bytes = model.SerializeToString()
    return found


# The label is whether `positive`, [N, 1], is above 0.5, and `probabilities` are `negative` and it.
_ANSWER = [
    helper.make_node("Concat", ["negative", "positive"], ["probabilities"], axis=1),
    helper.make_node("Greater", ["positive", "half"], ["above"]),
    helper.make_node("Cast", ["above"], ["labels"], to=TensorProto.INT64),
    helper.make_node("Squeeze", ["labels", "one"], ["label"]),
]
_CONSTANTS: Constants = {"half": floats([[0.5]]), "one": ints([1])}


def constant_graph(negative: float, positive: float) -> bytes:
    """It answers every row with these two."""
    shape = [
        helper.make_node("Shape", [_AGE], ["shape"]),
        helper.make_node("Expand", ["no", "shape"], ["negative"]),
        helper.make_node("Expand", ["yes", "shape"], ["positive"]),
    ]
    constants: Constants = {"no": floats([[negative]]), "yes": floats([[positive]])}
    return graph_of([*shape, *_ANSWER], **_CONSTANTS, **constants)


def age_graph(*, missing: float = 0.5) -> bytes:
    """The probability is a hundredth of the age: sound up to 100; without an age it is `missing`."""
    nodes = [
        helper.make_node("IsNaN", [_AGE], ["unknown"]),
        helper.make_node("Mul", [_AGE, "hundredth"], ["share"]),
        helper.make_node("Where", ["unknown", "missing", "share"], ["positive"]),
        helper.make_node("Sub", ["whole", "positive"], ["negative"]),
    ]
    constants: Constants = {
        "hundredth": floats([[0.01]]),
        "missing": floats([[missing]]),
        "whole": floats([[1]]),
    }
    return graph_of([*nodes, *_ANSWER], **_CONSTANTS, **constants)


def endless_graph() -> bytes:
    """It counts without an end before it answers."""
    turn = helper.make_graph(
        [
            helper.make_node("Identity", ["go"], ["goes"]),
            helper.make_node("Add", ["count", "step"], ["next"]),
        ],
        "turn",
        [
            helper.make_tensor_value_info("turn", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("count", TensorProto.FLOAT, []),
        ],
        [
            helper.make_tensor_value_info("goes", TensorProto.BOOL, []),
            helper.make_tensor_value_info("next", TensorProto.FLOAT, []),
        ],
        initializer=[numpy_helper.from_array(floats(0), "step")],
    )
    nodes = [
        helper.make_node("Loop", ["turns", "go_on", "zero"], ["counted"], body=turn),
        helper.make_node("Mul", [_AGE, "zero"], ["nought"]),
        helper.make_node("Add", ["nought", "counted"], ["positive"]),
        helper.make_node("Sub", ["whole", "positive"], ["negative"]),
    ]
    constants: Constants = {
        "turns": ints(_FOR_EVER),
        "go_on": np.array(True),
        "zero": floats(0),
        "whole": floats([[1]]),
    }
    return graph_of([*nodes, *_ANSWER], **_CONSTANTS, **constants)


def folding_graph(*, size: int = 1500, products: int = 2000) -> bytes:
    """Kilobytes whose constants take hours to compute: a matrix of `size` rows, squared `products` times."""
    squares = [
        helper.make_node("MatMul", [f"m{index}", f"m{index}"], [f"m{index + 1}"]) for index in range(products)
    ]
    nodes = [
        helper.make_node("Expand", ["small", "square"], ["m0"]),
        *squares,
        helper.make_node("ReduceMax", [f"m{products}"], ["largest"], keepdims=0),
        helper.make_node("Mul", [_AGE, "largest"], ["positive"]),
        helper.make_node("Sub", ["whole", "positive"], ["negative"]),
    ]
    constants: Constants = {
        "small": floats([[1e-4]]),
        "square": ints([size, size]),
        "whole": floats([[1]]),
    }
    return graph_of([*nodes, *_ANSWER], **_CONSTANTS, **constants)
