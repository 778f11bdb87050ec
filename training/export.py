"""The fitted pipeline as one ONNX graph that takes a passenger's fields as they are."""

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.pipeline import Pipeline

from functions.core.schema.passenger import FEATURES
from training import pipeline
from training.dataset import Matrix

# Pinned, so that a newer exporter does not ask for more than the serving onnxruntime can run.
OPSET, ML_OPSET, IR_VERSION = 21, 3, 10


def export(estimator: Pipeline) -> bytes:
    """The graph of a classifier fitted on `Dataset.matrix`; the same estimator gives the same bytes.

    Inputs: a [N, 1] tensor per feature, strings where the feature is a category; what is not among the
    categories counts as missing. Outputs: `label` int64 [N], `probabilities` float32 [N, 2].
    """
    _round_thresholds_down(estimator[-1])
    model = to_onnx(
        estimator[1:],
        name="lifeboat",
        initial_types=[("matrix", FloatTensorType([None, len(FEATURES)]))],
        options={"zipmap": False},
        target_opset={"": OPSET, "ai.onnx.ml": ML_OPSET},
    )
    inputs, nodes, parts = [], [], []
    for name, categories in FEATURES.items():
        kind = TensorProto.FLOAT if categories is None else TensorProto.STRING
        inputs.append(helper.make_tensor_value_info(name, kind, [None, 1]))
        if categories is None:
            parts.append(name)
            continue
        parts.append(f"{name}_code")
        nodes.append(
            helper.make_node(
                "LabelEncoder",
                [name],
                [f"{name}_code"],
                domain="ai.onnx.ml",
                keys_strings=list(categories),
                values_floats=[float(code) for code in range(len(categories))],
                default_float=float("nan"),
            )
        )
    parts[parts.index("title_code")] = "filled_title"
    nodes += _fill_titles()
    nodes.append(helper.make_node("Concat", parts, ["matrix"], axis=1))
    # Nodes stand in the order in which they run: the encoding goes before what needs it.
    nodes += model.graph.node
    del model.graph.node[:], model.graph.input[:]
    model.graph.node.extend(nodes)
    model.graph.initializer.extend(_constant(name, value) for name, value in _CONSTANTS.items())
    model.graph.input.extend(inputs)
    # The converter declares the lowest opsets its own nodes need, which are too low for the nodes above, and
    # in the order of a set, which changes with the process: the bytes must not.
    del model.opset_import[:]
    model.opset_import.extend([helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", ML_OPSET)])
    model.ir_version = IR_VERSION
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))


# What `pipeline.fill_titles` compares with and chooses from.
_CONSTANTS = {
    "zero": 0,
    "male": pipeline.MALE,
    "child_below": pipeline.CHILD_BELOW,
    "married_from": pipeline.MARRIED_FROM,
    "mr": pipeline.MR,
    "mrs": pipeline.MRS,
    "miss": pipeline.MISS,
    "master": pipeline.MASTER,
}


def _constant(name: str, value: float) -> onnx.TensorProto:
    return helper.make_tensor(name, TensorProto.FLOAT, [1, 1], [value])


def _fill_titles() -> list[onnx.NodeProto]:
    """`pipeline.fill_titles` in ONNX, on the columns before they are put together."""
    steps = [
        ("Equal", ["sex_code", "male"], "is_male"),
        ("Less", ["age", "child_below"], "is_child"),
        ("Greater", ["sibsp", "zero"], "has_sibsp"),
        ("GreaterOrEqual", ["age", "married_from"], "is_older"),
        ("Or", ["has_sibsp", "is_older"], "seems_married"),
        ("Not", ["is_child"], "is_grown"),
        ("And", ["seems_married", "is_grown"], "is_married"),
        ("Where", ["is_child", "master", "mr"], "title_of_males"),
        ("Where", ["is_married", "mrs", "miss"], "title_of_females"),
        ("Where", ["is_male", "title_of_males", "title_of_females"], "likeliest_title"),
        ("IsNaN", ["title_code"], "has_no_title"),
        ("Where", ["has_no_title", "likeliest_title", "title_code"], "filled_title"),
    ]
    return [helper.make_node(operator, inputs, [output]) for operator, inputs, output in steps]


def _round_thresholds_down(model: Any) -> None:
    """Make the split thresholds of histogram gradient boosting float32 values, as they are in the graph.

    The converter rounds them to the nearest one, which can lie above: then a value between the two takes
    the other branch. A float32 value is at most a threshold exactly when it is at most the threshold
    rounded down, so the fitted model decides as before. For its other trees the converter does the same.
    """
    for predictor in (tree for stage in getattr(model, "_predictors", ()) for tree in stage):
        exact = predictor.nodes["num_threshold"]
        nearest = exact.astype(np.float32)
        down = np.where(nearest > exact, np.nextafter(nearest, np.float32(-np.inf)), nearest)
        predictor.nodes["num_threshold"] = down


def thresholds(model: bytes) -> Matrix:
    """float32 [K]: every distinct split threshold of the graph's trees, ascending."""
    values: set[float] = {
        value
        for node in onnx.load_from_string(model).graph.node
        if node.op_type.startswith("TreeEnsemble")
        for value, mode in zip(_attribute(node, "nodes_values"), _attribute(node, "nodes_modes"), strict=True)
        if mode != b"LEAF"
    }
    return np.array(sorted(values), dtype=np.float32)


def _attribute(node: onnx.NodeProto, name: str) -> list[Any]:
    return next(list(helper.get_attribute_value(found)) for found in node.attribute if found.name == name)
