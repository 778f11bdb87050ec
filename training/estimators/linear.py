"""The parts of a linear model that scikit-learn lacks, and how skl2onnx converts them."""

from collections.abc import Iterator
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from onnx import TensorProto, helper
from skl2onnx import update_registered_converter
from skl2onnx.common.data_types import FloatTensorType, Int64TensorType
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.linear_model import LogisticRegression

from training.table.matrix import Matrix

_OPSET = 13

FloatArray = npt.NDArray[np.float64]


class Numbers(TransformerMixin, BaseEstimator):  # type: ignore[misc] # scikit-learn has no annotations
    """Standardises numbers, keeps them within the range of the fit, and adds their logarithms if it is to.

    A line goes on for ever: what is a thousand times larger than anything seen would be taken for certain.
    And it bends nowhere, while amounts and counts are skewed: log(1 + 10 |x| / mean |x|), with the sign of x,
    tells small ones apart as well as large ones, in whatever unit they are. Takes float32 [N, F] without NaN.
    It computes in float64, in the graph as here: what a column varies by may be small beside what it is.
    """

    def __init__(self, logarithms: bool = False) -> None:
        self.logarithms = logarithms

    def fit(self, matrix: Matrix, _labels: object = None) -> Self:
        exact = np.float64
        self.low_, self.high_ = matrix.min(axis=0).astype(exact), matrix.max(axis=0).astype(exact)
        size = np.abs(matrix).mean(axis=0, dtype=exact)
        self.rate_ = 10 / np.where(size > 0, size, 10)
        columns = [column for index in range(matrix.shape[1]) for column in self._columns(matrix, index)]
        self.centre_ = np.array([column.mean() for column in columns])
        spread = np.array([column.std() for column in columns])
        # A column that is the same everywhere, but for rounding, says nothing.
        self.spread_ = np.where(spread > 1e-9 * np.abs(self.centre_), spread, 1.0)
        return self

    def transform(self, matrix: Matrix) -> Matrix:
        """float32 [N, F], or [N, 2 F] with logarithms, each behind its number."""
        per_number = 2 if self.logarithms else 1
        made = np.empty((len(matrix), per_number * matrix.shape[1]), dtype=np.float32)
        # A number at a time: in float64, all of them would take four times as much room.
        for index in range(matrix.shape[1]):
            for offset, column in enumerate(self._columns(matrix, index)):
                place = per_number * index + offset
                made[:, place] = (column - self.centre_[place]) / self.spread_[place]
        return made

    def _columns(self, matrix: Matrix, index: int) -> Iterator[FloatArray]:
        """A number as it is kept, and its logarithm."""
        kept = matrix[:, index].astype(np.float64).clip(self.low_[index], self.high_[index])
        yield kept
        if self.logarithms:
            yield np.log(np.abs(kept) * self.rate_[index] + 1) * np.sign(kept)


class Logistic(LogisticRegression):  # type: ignore[misc] # scikit-learn has no annotations
    """Logistic regression whose sums are float64, in the graph as here.

    In float32 the sum of some hundred columns depends on their order by more than a certificate lets pass.
    """

    def fit(self, matrix: Any, labels: Any, sample_weight: FloatArray | None = None) -> Self:
        super().fit(matrix, labels, sample_weight)
        for name in ("coef_", "intercept_"):
            setattr(self, name, getattr(self, name).astype(np.float64))
        return self


class Nodes:
    """Adds nodes and constants to the graph that skl2onnx is making."""

    def __init__(self, scope: Any, container: Any) -> None:
        self._scope, self._container = scope, container

    def constant(self, values: npt.NDArray[Any]) -> str:
        name = self._name()
        kind = helper.np_dtype_to_tensor_dtype(values.dtype)
        self._container.add_initializer(name, kind, list(values.shape), values.ravel())
        return name

    def add(self, operation: str, *inputs: str, output: str | None = None, **attributes: Any) -> str:
        output = output or self._name()
        self._container.add_node(operation, list(inputs), output, op_version=_OPSET, **attributes)
        return output

    def _name(self) -> str:
        name: str = self._scope.get_unique_variable_name("linear")
        return name


def _declare_numbers(operator: Any) -> None:
    operator.outputs[0].type = FloatTensorType([None, len(operator.raw_operator.centre_)])


def _convert_numbers(scope: Any, operator: Any, container: Any) -> None:
    """`Numbers.transform` in ONNX."""
    nodes = Nodes(scope, container)
    numbers = operator.raw_operator
    exact = nodes.add("Cast", operator.inputs[0].full_name, to=TensorProto.DOUBLE)
    raised = nodes.add("Max", exact, nodes.constant(numbers.low_[None]))
    columns = nodes.add("Min", raised, nodes.constant(numbers.high_[None]))
    if numbers.logarithms:
        scaled = nodes.add("Mul", nodes.add("Abs", columns), nodes.constant(numbers.rate_[None]))
        size = nodes.add("Log", nodes.add("Add", scaled, nodes.constant(np.ones(1))))
        logarithms = nodes.add("Mul", size, nodes.add("Sign", columns))
        # [N, F, 2] as [N, 2 F]: each logarithm stands behind its number.
        last, shape = nodes.constant(np.array([-1])), nodes.constant(np.array([0, -1]))
        unsqueezed = [nodes.add("Unsqueeze", name, last) for name in (columns, logarithms)]
        columns = nodes.add("Reshape", nodes.add("Concat", *unsqueezed, axis=2), shape)
    centred = nodes.add("Sub", columns, nodes.constant(numbers.centre_[None]))
    scaled = nodes.add("Div", centred, nodes.constant(numbers.spread_[None]))
    nodes.add("Cast", scaled, output=operator.outputs[0].full_name, to=TensorProto.FLOAT)


def declare_classifier(operator: Any) -> None:
    """Tell skl2onnx what a classifier of two classes puts out."""
    operator.outputs[0].type = Int64TensorType([None])
    operator.outputs[1].type = FloatTensorType([None, 2])


def _convert_logistic(scope: Any, operator: Any, container: Any) -> None:
    """`Logistic.predict_proba` of classes 0 and 1 in ONNX, and which of them is the likelier."""
    nodes = Nodes(scope, container)
    logistic, (label, probabilities) = operator.raw_operator, operator.outputs
    exact = nodes.add("Cast", operator.inputs[0].full_name, to=TensorProto.DOUBLE)
    # A column for each class: what the one gains the other loses.
    weights = np.concatenate([-logistic.coef_, logistic.coef_])
    offsets = np.concatenate([-logistic.intercept_, logistic.intercept_])
    logits = nodes.add("Gemm", exact, nodes.constant(weights), nodes.constant(offsets), transB=1)
    scores = nodes.add("Sigmoid", logits)
    nodes.add("Cast", scores, output=probabilities.full_name, to=TensorProto.FLOAT)
    nodes.add("ArgMax", scores, output=label.full_name, axis=1, keepdims=0)


update_registered_converter(Numbers, "LifeboatNumbers", _declare_numbers, _convert_numbers)
update_registered_converter(
    Logistic,
    "LifeboatLogistic",
    declare_classifier,
    _convert_logistic,
    options={"zipmap": [True, False], "output_class_labels": [True, False]},
)
