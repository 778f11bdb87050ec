"""The mean of several classifiers' probabilities, and how skl2onnx converts it."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from onnx import TensorProto
from skl2onnx import update_registered_converter
from skl2onnx.common.data_types import FloatTensorType, Int64TensorType
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.pipeline import Pipeline

from training.estimators.linear import Nodes, declare_classifier
from training.table.matrix import Labels, Matrix

FloatArray = npt.NDArray[np.float64]


class Average(ClassifierMixin, BaseEstimator):  # type: ignore[misc] # scikit-learn has no annotations
    """The mean of the probabilities of pipelines, each of which ends in a step named "model".

    scikit-learn's own `VotingClassifier` hands no weights of rows to pipelines.
    """

    def __init__(self, members: Sequence[Pipeline]) -> None:
        self.members = members

    def fit(self, matrix: Matrix, labels: Labels, sample_weight: FloatArray | None = None) -> Self:
        self.classes_ = np.unique(labels)
        self.members_ = [
            clone(member).fit(matrix, labels, model__sample_weight=sample_weight) for member in self.members
        ]
        return self

    def predict_proba(self, matrix: Matrix) -> FloatArray:
        return mean_of([member.predict_proba(matrix) for member in self.members_])

    def predict(self, matrix: Matrix) -> Labels:
        labels: Labels = self.classes_[self.predict_proba(matrix).argmax(axis=1)]
        return labels


def mean_of(probabilities: Sequence[FloatArray]) -> FloatArray:
    """The mean of what several say of the same rows: all that an average of them says."""
    mean: FloatArray = np.mean(probabilities, axis=0)
    return mean


def members_of(model: Pipeline) -> Sequence[Pipeline]:
    """The unfitted pipelines that a candidate is the average of; none where it is no average."""
    last = model[-1]
    return last.members if isinstance(last, Average) else ()


def _convert(scope: Any, operator: Any, container: Any) -> None:
    nodes = Nodes(scope, container)
    label, probabilities = operator.outputs
    parts = []
    for member in operator.raw_operator.members_:
        inner = scope.declare_local_operator("SklearnPipeline", member)
        inner.inputs = operator.inputs
        inner.outputs.append(scope.declare_local_variable("label", Int64TensorType()))
        inner.outputs.append(scope.declare_local_variable("probabilities", FloatTensorType()))
        parts.append(nodes.add("Cast", inner.outputs[1].full_name, to=TensorProto.DOUBLE))
    # onnxruntime has a Mean of float32 only.
    mean = nodes.add("Div", nodes.add("Sum", *parts), nodes.constant(np.array([float(len(parts))])))
    nodes.add("Cast", mean, output=probabilities.full_name, to=TensorProto.FLOAT)
    nodes.add("ArgMax", mean, output=label.full_name, axis=1, keepdims=0)


update_registered_converter(
    Average,
    "LifeboatAverage",
    declare_classifier,
    _convert,
    options={"zipmap": [True, False], "output_class_labels": [True, False]},
)
