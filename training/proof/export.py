"""A fitted classifier as one ONNX graph that takes a row's fields as they are."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, compose, helper
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.base import BaseEstimator, ClassifierMixin

from functions.core.schema.schema import Field, Schema
from functions.core.scoring.scorer import output_names
from training.table.matrix import Matrix, round_down

# Pinned, so that a newer exporter does not ask for more than the serving onnxruntime can run.
OPSET, ML_OPSET, IR_VERSION = 21, 3, 10
_MATRIX = "matrix"


def export(estimator: ClassifierMixin, schema: Schema) -> bytes:
    """The graph of a classifier fitted on a matrix of the schema's features; the same estimator, the same
    bytes.

    Inputs: a [N, 1] tensor per feature, strings where the feature is a category; what is not among the
    categories counts as missing. Outputs: `label` int64 [N], `probabilities` float32 [N, 2], called as
    `output_names` says. What float32 cannot hold of the estimator is rounded in it, too: from then on it
    says what its graph says.
    """
    round_to_float32(estimator)
    classifier = to_onnx(
        estimator,
        name="lifeboat",
        initial_types=[(_MATRIX, FloatTensorType([None, len(schema.features)]))],
        options={"zipmap": False},
        target_opset={"": OPSET, "ai.onnx.ml": ML_OPSET},
    )
    return _join(classifier, schema)


def _join(classifier: onnx.ModelProto, schema: Schema) -> bytes:
    """The graph that puts a matrix together from its inputs, and hands it to the graph of the classifier."""
    # Features have names of people's choosing, which must not be taken for names of the converter's.
    prefix = "/"
    while any(name.startswith(prefix) for name in schema.names):
        prefix += "/"
    model = compose.add_prefix(classifier, prefix)
    rename(model, dict(zip((node.name for node in model.graph.output), output_names(schema), strict=True)))
    nodes, parts = [], []
    for index, field in enumerate(schema.features):
        parts.append(field.name if field.words is None else f"{prefix}code_{index}")
        if field.words is not None:
            nodes.append(_encoder(field, parts[-1]))
    nodes.append(helper.make_node("Concat", parts, [f"{prefix}{_MATRIX}"], axis=1))
    # Nodes stand in the order in which they run: the encoding goes before what needs it.
    nodes += model.graph.node
    del model.graph.node[:], model.graph.input[:]
    model.graph.node.extend(nodes)
    model.graph.input.extend(signature(schema.features))
    return seal(model)


def rename(model: onnx.ModelProto, names: Mapping[str, str]) -> None:
    """Give inputs of nodes, and outputs, other names, wherever the graph speaks of them."""
    for node in model.graph.node:
        for values in (node.input, node.output):
            values[:] = [names.get(value, value) for value in values]
    for output in model.graph.output:
        output.name = names.get(output.name, output.name)


def signature(features: Sequence[Field]) -> list[onnx.ValueInfoProto]:
    """The inputs of a graph: a [N, 1] tensor per feature."""
    return [
        helper.make_tensor_value_info(
            field.name, TensorProto.FLOAT if field.words is None else TensorProto.STRING, [None, 1]
        )
        for field in features
    ]


def seal(model: onnx.ModelProto) -> bytes:
    """The bytes of a graph, checked, with the pinned opsets: the same graph gives the same bytes."""
    # The converter declares the lowest opsets its own nodes need, which are too low for other nodes, and
    # in the order of a set, which changes with the process: the bytes must not.
    del model.opset_import[:]
    model.opset_import.extend([helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", ML_OPSET)])
    model.ir_version = IR_VERSION
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))


def _encoder(field: Field, output: str) -> onnx.NodeProto:
    """The node that turns a category into its code."""
    words = field.words or ()
    return helper.make_node(
        "LabelEncoder",
        [field.name],
        [output],
        domain="ai.onnx.ml",
        keys_strings=list(words),
        values_floats=[float(code) for code in range(len(words))],
        default_float=float("nan"),
    )


def round_to_float32(estimator: BaseEstimator) -> None:
    """Round the numbers of an estimator, and of all that it is made of, as they are in the graph.

    The converter rounds the split thresholds of histogram gradient boosting to the nearest float32, which can
    lie above: then a value between the two takes the other branch. A float32 value is at most a threshold
    exactly when it is at most the threshold rounded down, so the fitted model decides as before. For its
    other trees the converter does the same. What a column is centred by is rounded to the nearest: the column
    of a year of birth, say, is so far from zero that the difference would show in the probability.
    """
    for part in parts_of(estimator):
        for tree in (tree for stage in getattr(part, "_predictors", ()) for tree in stage):
            tree.nodes["num_threshold"] = round_down(tree.nodes["num_threshold"])
        for name in ("mean_", "scale_", "quantiles_", "statistics_"):
            values = getattr(part, name, None)
            if isinstance(values, np.ndarray) and values.dtype == np.float64:
                setattr(part, name, values.astype(np.float32).astype(np.float64))


def parts_of(value: object) -> Iterator[BaseEstimator]:
    """The estimator itself, and those that it holds: steps of pipelines, members of ensembles."""
    if isinstance(value, BaseEstimator):
        yield value
        value = list(vars(value).values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from parts_of(item)


def thresholds(model: bytes) -> dict[int, Matrix]:
    """float32 [K] for each column of the matrix that the graph's trees split: its distinct thresholds,
    ascending."""
    by_column: dict[int, set[float]] = {}
    for node in onnx.load_from_string(model).graph.node:
        if node.op_type.startswith("TreeEnsemble"):
            columns, values, modes = (
                _attribute(node, name) for name in ("nodes_featureids", "nodes_values", "nodes_modes")
            )
            for column, value, mode in zip(columns, values, modes, strict=True):
                if mode != b"LEAF":
                    by_column.setdefault(column, set()).add(value)
    return {
        column: np.array(sorted(values), dtype=np.float32) for column, values in sorted(by_column.items())
    }


def _attribute(node: onnx.NodeProto, name: str) -> list[Any]:
    return next(
        list(helper.get_attribute_value(attribute)) for attribute in node.attribute if attribute.name == name
    )
