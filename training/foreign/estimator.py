"""A classifier that somebody wrote: fitted on the rows of a schema, and exported as one graph of its
features."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import compose
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline

from functions.core.base.errors import InvalidInput, UnprovenModel
from functions.core.schema.schema import Schema
from functions.core.scoring.scorer import output_names
from training.model.evaluation import Probabilities
from training.proof.export import (
    ML_OPSET,
    OPSET,
    export,
    parts_of,
    rename,
    round_to_float32,
    seal,
    signature,
)
from training.table.dataset import Dataset
from training.table.matrix import Matrix, to_columns

Frame = Any
"""A DataFrame, of whatever library, or an array."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """How an estimator takes the rows of a schema.

    names: what each feature is called there. to_frame: makes a DataFrame of columns by name; None: rows are
    an array.
    """

    schema: Schema
    names: tuple[str, ...]
    to_frame: Callable[[dict[str, npt.NDArray[Any]]], Frame] | None

    def frame(self, matrix: Matrix) -> Frame:
        """The rows of a matrix as the estimator takes them."""
        columns = to_columns(matrix, self.schema)
        by_name = {
            # In float64, the largest numbers that may be asked do not overflow on their way.
            name: columns[field.name][:, 0].astype(np.float64 if field.words is None else object)
            for name, field in zip(self.names, self.schema.features, strict=True)
        }
        if self.to_frame:
            return self.to_frame(by_name)
        kind = object if self.texts else np.float64
        return np.array(list(by_name.values()), dtype=kind).T

    @property
    def texts(self) -> set[str]:
        """The names of the features that are texts."""
        features = zip(self.names, self.schema.features, strict=True)
        return {name for name, field in features if field.words is not None}

    def types(self) -> list[tuple[str, Any]]:
        """The features as skl2onnx is told of them: a column each."""
        texts = self.texts
        return [
            (name, StringTensorType([None, 1]) if name in texts else FloatTensorType([None, 1]))
            for name in self.names
        ]


class FittedEstimator:
    """A fitted classifier, and how it takes rows."""

    def __init__(self, estimator: Any, inputs: Inputs) -> None:
        self.estimator, self.inputs = estimator, inputs

    @property
    def name(self) -> str:
        """The kind of classifier that it ends with."""
        last = self.estimator[-1] if isinstance(self.estimator, Pipeline) else self.estimator
        return type(last).__name__

    def predict_proba(self, matrix: Matrix) -> Probabilities:
        """float64 [N, 2]. Raises `UnprovenModel` when the estimator cannot take rows that may be asked."""
        try:
            return np.asarray(self.estimator.predict_proba(self.inputs.frame(matrix)), dtype=np.float64)
        # Whatever a stranger's estimator raises.
        except Exception as error:
            raise UnprovenModel(
                f"the estimator fails on rows that the schema allows: {_first_line(error)}. Impute what may "
                'be missing, and have encoders ignore what they do not know (handle_unknown="ignore")'
            ) from error


def fit_estimator(estimator: Any, inputs: Inputs, dataset: Dataset) -> FittedEstimator:
    """Fit a copy of a classifier on the training side. Raises `InvalidInput` when it cannot be."""
    if not is_classifier(estimator) or not hasattr(estimator, "predict_proba"):
        raise InvalidInput(
            f"{type(estimator).__name__} gives no probabilities of classes; take a classifier that has "
            "predict_proba, or put it into CalibratedClassifierCV"
        )
    model = clone(estimator)
    matrix, outcome = dataset.train
    frame = inputs.frame(matrix)
    for imputer in _imputers_of_texts(model, inputs, frame):
        imputer.set_params(missing_values="")
    try:
        model.fit(frame, outcome)
    except Exception as error:
        raise InvalidInput(_why_not_fitted(error, inputs)) from error
    return FittedEstimator(model, inputs)


def _why_not_fitted(error: Exception, inputs: Inputs) -> str:
    if inputs.to_frame is None and "column" in str(error).lower():
        return "the estimator selects columns by name, for which pandas is needed: pip install pandas"
    return (
        f"the estimator cannot be fitted on the features {', '.join(inputs.names)}: {_first_line(error)}. "
        "What the schema ignores is no feature"
    )


def _imputers_of_texts(model: Any, inputs: Inputs, frame: Frame) -> Iterator[SimpleImputer]:
    """The imputers that take texts alone: a missing text is "" here, and not NaN."""
    for part in [model] if inputs.texts == set(inputs.names) else _column_branches(model, inputs, frame):
        for step in parts_of(part):
            # NaN, None and what pandas calls NA: they are not equal to themselves, or no text.
            if isinstance(step, SimpleImputer) and not isinstance(step.missing_values, str):
                yield step


def _column_branches(model: Any, inputs: Inputs, frame: Frame) -> Iterator[Any]:
    """The branches of the column transformers that take texts alone."""
    for part in parts_of(model):
        if isinstance(part, ColumnTransformer):
            for _, branch, columns in part.transformers:
                names = _selected(columns, inputs.names, frame)
                if names and names <= inputs.texts:
                    yield branch


def _selected(columns: Any, names: tuple[str, ...], frame: Frame) -> set[str]:
    """The names that a selection of a column transformer means."""
    if callable(columns):
        columns = columns(frame)
    if isinstance(columns, str):
        return {columns}
    if isinstance(columns, Iterable):
        columns = list(columns)
        if all(isinstance(column, str) for column in columns):
            return set(columns)
    return set(np.atleast_1d(np.array(names)[columns]).tolist())


def export_estimator(fitted: FittedEstimator) -> bytes:
    """The graph of a fitted classifier, with the inputs and outputs of every graph of its schema.

    Raises `UnprovenModel` that names the step that cannot be converted.
    """
    schema = fitted.inputs.schema
    try:
        if not fitted.inputs.texts and not _selects_columns(fitted.estimator):
            return export(fitted.estimator, schema)
        round_to_float32(fitted.estimator)
        return _convert(fitted.estimator, fitted.inputs)
    # skl2onnx raises what it comes upon: there is no common base but Exception.
    except Exception as error:
        step = _unconverted_step(fitted.estimator, fitted.inputs.types()) or fitted.name
        raise UnprovenModel(f"{step} cannot be converted to ONNX: {_first_line(error)}") from error


def _selects_columns(estimator: Any) -> bool:
    return any(isinstance(part, ColumnTransformer) for part in parts_of(estimator))


def _convert(estimator: Any, inputs: Inputs) -> bytes:
    """The graph with an input for each feature, by the names of the schema."""
    converted = to_onnx(
        estimator,
        name="lifeboat",
        initial_types=inputs.types(),
        options={"zipmap": False},
        target_opset={"": OPSET, "ai.onnx.ml": ML_OPSET},
    )
    # The converter has names of its own for inputs whose names are not of its liking, in the same order.
    taken = [given.name for given in converted.graph.input]
    # Features have names of people's choosing, which must not be taken for names of the converter's.
    prefix = "/"
    while any(field.name.startswith(prefix) for field in inputs.schema.features):
        prefix += "/"
    model = compose.add_prefix(converted, prefix)
    outputs = (output.name for output in model.graph.output)
    names = dict(zip(outputs, output_names(inputs.schema), strict=True)) | {
        f"{prefix}{name}": field.name for name, field in zip(taken, inputs.schema.features, strict=True)
    }
    rename(model, names)
    del model.graph.input[:]
    # Those too that the estimator has no use for.
    model.graph.input.extend(signature(inputs.schema.features))
    return seal(model)


def _unconverted_step(estimator: Any, types: list[tuple[str, Any]], path: str = "") -> str:
    """The innermost step that cannot be converted, such as `the step columns > words`; empty when all can."""
    for name, step, taken in _steps(estimator, types):
        where = f"{path} > {name}" if path else f"the step {name}"
        if taken is None:
            # What comes before it decides what it takes: only its kind can be asked for.
            if not _is_known(step):
                return f"{where} ({type(step).__name__})"
        elif not _converts(step, taken):
            inner = _unconverted_step(step, taken, where)
            return inner or f"{where} ({type(step).__name__}){_on_mixed_columns(taken)}"
    return ""


def _on_mixed_columns(types: list[tuple[str, Any]]) -> str:
    """What to say of a step that is given texts and numbers at once; empty for any other."""
    numbers = [name for name, kind in types if not isinstance(kind, StringTensorType)]
    if not 0 < len(numbers) < len(types):
        return ""
    return f", given texts and numbers at once (numbers: {', '.join(numbers)}; yes and no are 1 and 0),"


def _steps(
    estimator: Any, types: list[tuple[str, Any]]
) -> Iterator[tuple[str, Any, list[tuple[str, Any]] | None]]:
    """The steps that an estimator is made of, by name, with the inputs of those whose inputs are known."""
    if isinstance(estimator, Pipeline):
        for index, (name, step) in enumerate(estimator.steps):
            yield name, step, types if index == 0 else None
    elif isinstance(estimator, ColumnTransformer):
        names = tuple(name for name, _ in types)
        for name, step, columns in estimator.transformers_:
            if isinstance(step, BaseEstimator):
                selected = _selected(columns, names, None)
                yield name, step, [column for column in types if column[0] in selected]


def _converts(step: Any, types: list[tuple[str, Any]]) -> bool:
    if isinstance(step, str):
        return True
    try:
        to_onnx(step, initial_types=types, target_opset={"": OPSET, "ai.onnx.ml": ML_OPSET})
    except Exception:
        return False
    return True


def _is_known(step: Any) -> bool:
    """Whether skl2onnx has a converter for the kind of a step."""
    from skl2onnx._supported_operators import sklearn_operator_name_map

    return type(step) in sklearn_operator_name_map


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
