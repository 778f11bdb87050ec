"""The proof that a graph and a classifier that somebody wrote agree; or which of its steps is to blame."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from skl2onnx import to_onnx
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

from functions.core.base.errors import UnprovenModel
from functions.core.registry.manifest import Certificate
from functions.core.schema.schema import Field
from functions.core.scoring.scorer import Scorer, run_graph
from training.foreign.estimator import FittedEstimator
from training.proof.certificate import (
    MAX_EDGE_CELLS,
    MAX_EDGE_ROWS,
    Comparison,
    edge_rows,
    edge_values,
    missing_patterns,
)
from training.proof.export import ML_OPSET, OPSET, thresholds
from training.table.matrix import Mask, Matrix, to_columns

# Rows of each kind by which a step is found that is to blame.
MAX_BLAMED_ROWS = 2_000
_CLOSE = 1e-4


def certify_estimator(fitted: FittedEstimator, model: bytes, *, matrix: Matrix) -> Certificate:
    """Compare the graph `model` and the estimator on every row of `matrix` and on edge rows that may be
    asked.

    Unlike the rows that our own candidates are proven on (`training.proof.certificate`), these lack no field
    that the schema requires, and have no word and no number that it does not allow: what somebody's estimator
    does with those is never asked. Raises `UnprovenModel`, with the step that is to blame where one can be
    told.
    """
    schema = fitted.inputs.schema
    patterns = _allowed_patterns(schema.features)
    # Before the graph is loaded: what the estimator cannot take, its graph cannot run on.
    fitted.predict_proba(edge_rows(matrix, patterns, {}))
    comparison = Comparison(fitted, Scorer(model, schema))
    edges = edge_rows(matrix, patterns, _allowed_values(matrix, schema.features, model))
    comparison.add_rows(matrix, schema)
    comparison.add_rows(edges, schema)
    try:
        return comparison.certificate(len(matrix), len(edges), schema)
    except UnprovenModel as error:
        step = _blame(fitted, np.concatenate([matrix[:MAX_BLAMED_ROWS], edges[:MAX_BLAMED_ROWS]]))
        raise UnprovenModel(f"{error}; {step}") from error


def _allowed_patterns(features: Sequence[Field]) -> Mask:
    """The patterns of missing fields in which no required one is missing."""
    patterns = missing_patterns(len(features))
    patterns[:, [field.required for field in features]] = False
    return np.unique(patterns, axis=0)


def _allowed_values(matrix: Matrix, features: Sequence[Field], model: bytes) -> dict[int, Matrix]:
    """The values by column that rows are bent to, without those that the schema does not allow."""
    splits_of_columns = [*thresholds(model).values()]
    splits = (
        np.unique(np.concatenate(splits_of_columns)) if splits_of_columns else np.empty(0, dtype=np.float32)
    )
    # Which column a threshold is of, and in what unit, the steps before the trees know. So each is tried in
    # every column, and so is what lies halfway between two values of the column: it is where trees split.
    numbers = {
        index: np.concatenate([splits, _midpoints(matrix[:, index])]) if splits_of_columns else splits
        for index, field in enumerate(features)
        if field.words is None and field.type != "boolean"
    }
    budget = min(MAX_EDGE_ROWS, MAX_EDGE_CELLS // len(features))
    values = edge_values(matrix, features, numbers, budget)
    return {index: _allowed(column, features[index]) for index, column in values.items()}


def _midpoints(column: Matrix) -> Matrix:
    values = np.unique(column[~np.isnan(column)]).astype(np.float64)
    return ((values[:-1] + values[1:]) / 2).astype(np.float32)


def _allowed(column: Matrix, field: Field) -> Matrix:
    if field.words is not None:
        return column
    if field.categories:
        return np.array(field.categories, dtype=np.float32)
    kept = column[(column >= field.minimum) & (column <= field.maximum)]
    return kept[kept == np.round(kept)] if field.type == "integer" else kept


def _blame(fitted: FittedEstimator, matrix: Matrix) -> str:
    """Which step makes graph and estimator differ, in a sentence, so far as that can be told."""
    estimator, inputs = fitted.estimator, fitted.inputs
    if isinstance(estimator, Pipeline):
        frame = inputs.frame(matrix)
        tensors = list(to_columns(matrix, inputs.schema).values())
        for count in range(1, len(estimator.steps)):
            head = Pipeline(estimator.steps[:count])
            differs = _differing_columns(head, inputs.types(), frame, tensors)
            if differs is None:
                break
            if differs.any():
                return f"the step {_step_name(head, differs)} is to blame: its graph gives other values"
    return (
        f"the step that does is {fitted.name}, or one that cannot be looked at alone. Trees behind a scaler "
        "decide by the last bit of what it computes, which is another one in ONNX: they need no scaler"
    )


def _differing_columns(
    head: Pipeline, types: list[tuple[str, Any]], frame: Any, tensors: list[Any]
) -> npt.NDArray[np.bool_] | None:
    """Which columns of what `head` makes are others in its graph, bool [C]; None if that cannot be told."""
    try:
        graph = to_onnx(head, initial_types=types, target_opset={"": OPSET, "ai.onnx.ml": ML_OPSET})
        [of_graph] = run_graph(graph.SerializeToString(), tensors)
        of_pipeline = head.transform(frame)
        of_pipeline = np.asarray(of_pipeline.toarray() if hasattr(of_pipeline, "toarray") else of_pipeline)
        if of_pipeline.dtype.kind in "OUS":
            cells = of_pipeline.astype(str) != np.asarray(of_graph).astype(str)
        else:
            is_far = np.abs(of_pipeline - of_graph) > _CLOSE * (1 + np.abs(of_pipeline))
            cells = is_far | (np.isnan(of_pipeline) != np.isnan(of_graph))
        differs: npt.NDArray[np.bool_] = cells.any(axis=0)
    # It serves a sentence: a step that cannot be looked at alone is no failure of its own.
    except Exception:
        return None
    return differs


def _step_name(head: Pipeline, differs: npt.NDArray[np.bool_]) -> str:
    """The last step, and of a column transformer the branch whose columns differ."""
    name, step = head.steps[-1]
    if isinstance(step, ColumnTransformer):
        for branch, columns in step.output_indices_.items():
            if differs[columns].any():
                return f"{name} > {branch}"
    return str(name)
