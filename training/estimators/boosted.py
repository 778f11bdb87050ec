"""Boosting by LightGBM, which several machines can fit together, and how skl2onnx converts it.

Group `scale`.
"""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from skl2onnx import update_registered_converter
from sklearn.base import BaseEstimator, ClassifierMixin

from training.estimators.lightgbm_fit import fit_booster, import_lightgbm
from training.estimators.linear import declare_classifier
from training.table.matrix import Labels, Matrix, round_down

# How LightGBM says of a split where a missing number goes: two bits of a node's `decision_type`.
_DEFAULT_LEFT = 2
_MISSING_SHIFT, _MISSING_NONE, _MISSING_NAN = 2, 0, 2

# What is no further from zero is zero to LightGBM.
_ZERO = np.float32(1e-35)

FloatArray = npt.NDArray[np.float64]


class Boosted(ClassifierMixin, BaseEstimator):  # type: ignore[misc] # scikit-learn has no annotations
    """Histogram gradient boosting of classes 0 and 1 by LightGBM, as `training.estimators.candidates` has it
    by scikit-learn: numbers and codes of categories as they are, NaN a branch of its own, half of the columns
    for each split.

    The thresholds of the fitted trees are float32 values, which any graph of them holds exactly. Ke et al.
    (2017), "LightGBM: A Highly Efficient Gradient Boosting Decision Tree", NeurIPS.
    """

    def __init__(
        self, trees: int = 100, rate: float = 0.1, leaves: int = 31, min_leaf: int = 20, threads: int = 1
    ) -> None:
        self.trees, self.rate, self.leaves, self.min_leaf = trees, rate, leaves, min_leaf
        self.threads = threads

    def parameters(self) -> dict[str, Any]:
        """As LightGBM calls them, with all that makes two fits the same: sums of floats depend on the order
        in which threads, and ways of building histograms, make them."""
        return {
            "objective": "binary",
            "num_iterations": self.trees,
            "learning_rate": self.rate,
            "num_leaves": self.leaves,
            "min_data_in_leaf": self.min_leaf,
            "feature_fraction_bynode": 0.5,
            "lambda_l2": 1.0,
            "num_threads": self.threads,
            "deterministic": True,
            "force_row_wise": True,
            "seed": 0,
            "verbosity": -1,
        }

    def fit(self, matrix: Matrix, labels: Labels, sample_weight: FloatArray | None = None) -> Self:
        return self.take(fit_booster(self.parameters(), matrix, labels, sample_weight))

    def take(self, model: str) -> Self:
        """Be the model that LightGBM wrote, as if it had been fitted here."""
        self.classes_ = np.array([0, 1])
        self.model_ = _with_float32_thresholds(model)
        self._booster: Any = None
        return self

    def predict_proba(self, matrix: Matrix) -> FloatArray:
        if self._booster is None:
            self._booster = import_lightgbm().Booster(model_str=self.model_)
        # Whoever asks for many rows does so from several threads.
        positive = self._booster.predict(np.ascontiguousarray(matrix, dtype=np.float32), num_threads=1)
        return np.column_stack([1 - positive, positive])

    def predict(self, matrix: Matrix) -> Labels:
        labels: Labels = self.classes_[self.predict_proba(matrix).argmax(axis=1)]
        return labels

    def __getstate__(self) -> Mapping[str, Any]:
        # The text of the model is all of it.
        return {**super().__getstate__(), "_booster": None}


def _with_float32_thresholds(model: str) -> str:
    """The same model, with thresholds that float32 holds: of rows in float32, none goes another way. What it
    was fitted with is left out, where the addresses of machines would stand."""
    lines = []
    for line in model.partition("\nparameters:\n")[0].split("\n"):
        name, _, values = line.partition("=")
        # How long the text of each tree is, which will be another; LightGBM reads it without, too.
        if name == "tree_sizes":
            continue
        if name == "threshold":
            rounded = _representable(np.array(values.split(), dtype=np.float64)).astype(np.float64)
            lines.append(f"threshold={' '.join(map(repr, rounded.tolist()))}")
        else:
            lines.append(line)
    return "\n".join(lines)


def _representable(thresholds: FloatArray) -> Matrix:
    """Thresholds in float32 at which each float32 number goes the way it went before, in a graph as well.

    LightGBM takes what is at most 1e-35 from zero for zero, on one side of any threshold among these: so the
    threshold is put to their end.
    """
    down = round_down(thresholds)
    below = np.nextafter(-_ZERO, np.float32(-np.inf))
    down[(down >= -_ZERO) & (down < 0)] = below
    down[(down >= 0) & (down < _ZERO)] = _ZERO
    return down


def _trees(model: str) -> list[dict[str, FloatArray]]:
    """What the text of a model says of each tree, by name: arrays of numbers."""
    trees = []
    for text in model.partition("\nend of trees")[0].split("\nTree=")[1:]:
        pairs = (line.partition("=")[::2] for line in text.split("\n")[1:] if "=" in line)
        trees.append({name: np.array(values.split(), dtype=np.float64) for name, values in pairs})
    return trees


def _nodes(tree: Mapping[str, FloatArray], number: int) -> dict[str, list[Any]]:
    """The attributes of ONNX for a tree: its splits in their order, and its leaves behind them."""
    values = tree["leaf_value"]
    leaves, splits = len(values), len(values) - 1
    if not splits:
        tree = dict.fromkeys(("split_feature", "threshold", "decision_type"), np.empty(0)) | {
            "left_child": np.empty(0),
            "right_child": np.empty(0),
        }
    kinds = tree["decision_type"].astype(np.int64)
    missing = kinds >> _MISSING_SHIFT & 3
    if (kinds & 1).any() or not np.isin(missing, (_MISSING_NONE, _MISSING_NAN)).all():
        raise ValueError("a split by categories, or one that takes 0 for missing, has no counterpart here")
    # Where no number was missing in the fit, LightGBM takes a missing one for 0.
    goes_left = np.where(missing == _MISSING_NAN, kinds & _DEFAULT_LEFT > 0, tree["threshold"] >= 0)

    def padded(column: npt.NDArray[Any]) -> list[Any]:
        return [*column.tolist(), *[0] * leaves]

    def children(side: str) -> list[int]:
        # A leaf is told by the complement of its number.
        below = tree[side].astype(np.int64)
        return padded(np.where(below < 0, splits + ~below, below))

    return {
        "nodes_treeids": [number] * (splits + leaves),
        "nodes_nodeids": [*range(splits + leaves)],
        "nodes_featureids": padded(tree["split_feature"].astype(np.int64)),
        "nodes_values": [float(value) for value in padded(tree["threshold"])],
        "nodes_hitrates": [1.0] * (splits + leaves),
        "nodes_modes": ["BRANCH_LEQ"] * splits + ["LEAF"] * leaves,
        "nodes_truenodeids": children("left_child"),
        "nodes_falsenodeids": children("right_child"),
        "nodes_missing_value_tracks_true": padded(goes_left.astype(np.int64)),
        "class_treeids": [number] * leaves,
        "class_nodeids": [*range(splits, splits + leaves)],
        "class_ids": [0] * leaves,
        "class_weights": values.tolist(),
    }


def _convert(scope: Any, operator: Any, container: Any) -> None:
    """The trees as one node of ONNX, of classes 0 and 1."""
    attributes: dict[str, Any] = {}
    for number, tree in enumerate(_trees(operator.raw_operator.model_)):
        for name, values in _nodes(tree, number).items():
            attributes.setdefault(name, []).extend(values)
    container.add_node(
        "TreeEnsembleClassifier",
        [operator.inputs[0].full_name],
        [output.full_name for output in operator.outputs],
        op_domain="ai.onnx.ml",
        op_version=1,
        name=scope.get_unique_operator_name("TreeEnsembleClassifier"),
        classlabels_int64s=[0, 1],
        post_transform="LOGISTIC",
        **attributes,
    )


update_registered_converter(
    Boosted,
    "LifeboatBoosted",
    declare_classifier,
    _convert,
    options={"zipmap": [True, False], "output_class_labels": [True, False]},
)
