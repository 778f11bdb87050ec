"""Candidate scikit-learn models of any table, each one estimator that skl2onnx exports whole.

What is in here, and with which settings, was measured: `make bench-tables`.
"""

from collections.abc import Sequence
from typing import Final

from sklearn.compose import ColumnTransformer
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import Binarizer, OneHotEncoder

from functions.core.schema.schema import Field
from training.estimators.average import Average
from training.estimators.linear import Logistic, Numbers
from training.estimators.trees import Histogram

# Exact boosting sorts every column at every node: minutes, not seconds, above this many rows.
MAX_SORTED_ROWS: Final = 20_000
MIN_LARGE_ROWS: Final = 2_000

# Stands for a missing number: below all that a table has, so that one split tells missing from present; and
# not so far below that a million of them have no sum.
MISSING: Final = -1e30

SEED: Final = 0


def candidates(features: Sequence[Field], rows: int) -> dict[str, Pipeline]:
    """Return unfitted classifiers by name, for a training table of `rows` rows.

    Each takes a matrix of the features (see `training.table.matrix`) and labels 0 and 1, and gives
    `predict_proba` [N, 2]. The last step is named "model" and takes weights of rows. The more rows, the
    larger the trees that they can support; above MAX_SORTED_ROWS only candidates are offered whose fit time
    grows linearly with the rows.
    """
    models = {
        "logistic regression": _linear(features),
        "logistic regression with logarithms": _linear(features, logarithms=True, strength=0.2),
        "histogram gradient boosting": _histogram(trees=150, rate=0.07, leaves=16),
    }
    if rows <= MAX_SORTED_ROWS:
        small = _histogram(trees=100, rate=0.05, leaves=8, min_leaf=5)
        models["histogram gradient boosting of small trees"] = small
        models["gradient boosting"] = _boosting()
        # Where lines and trees are as good as each other, they err in different rows.
        members = [models["logistic regression with logarithms"], small]
        models["average of logistic regression and boosting"] = Pipeline([("model", Average(members))])
    if rows >= MIN_LARGE_ROWS:
        models["histogram gradient boosting of large trees"] = _histogram(trees=100, rate=0.1, leaves=31)
    return models


def _linear(features: Sequence[Field], *, logarithms: bool = False, strength: float = 1.0) -> Pipeline:
    """Logistic regression: standardised numbers, which of them are missing, and a column for each category.

    strength: the inverse of the penalty on the weights. Where a category is missing, all of its columns are
    0.
    """
    numbers, optional, levels = [], [], {}
    for index, field in enumerate(features):
        if (codes := _codes(field)) is not None:
            levels[index] = codes
            continue
        numbers.append(index)
        if not field.required:
            optional.append(index)
    steps = Pipeline([("fill", _median()), ("numbers", Numbers(logarithms))])
    is_known = Pipeline([("fill", _constant(MISSING)), ("is_known", Binarizer(threshold=MISSING / 2))])
    columns = [("numbers", steps, numbers), ("known", is_known, optional)]
    if levels:
        columns.append(("categories", _one_hot(list(levels.values())), list(levels)))
    filled = [part for part in columns if part[2]]
    model = Logistic(C=strength, max_iter=1_000)
    return Pipeline([("columns", ColumnTransformer(filled)), ("model", model)])


def _codes(field: Field) -> list[float] | None:
    """What stands for the categories of a field in a matrix; None for a number.

    Whole numbers alone: of a fraction the exported encoder drops what is behind the point.
    """
    if field.words is not None:
        return [float(code) for code in range(len(field.words))]
    if field.categories and all(float(value).is_integer() for value in field.categories):
        return sorted(map(float, field.categories))
    return None


def _one_hot(levels: list[list[float]]) -> Pipeline:
    """A column per category, fixed so that a fold without a rare one has the same columns."""
    encoder = OneHotEncoder(categories=levels, handle_unknown="ignore", dtype="float32")
    unknown = min(min(codes) for codes in levels) - 1
    return Pipeline([("fill", _constant(unknown)), ("one_hot", encoder)])


def _median() -> SimpleImputer:
    """Fill NaN with the column's median (0 where the whole column is missing)."""
    return SimpleImputer(strategy="median", keep_empty_features=True)


def _constant(value: float) -> SimpleImputer:
    return SimpleImputer(strategy="constant", fill_value=value, keep_empty_features=True)


def _boosting() -> Pipeline:
    """Gradient boosting of shallow trees; sampling rows is what puts it ahead of the histogram variant."""
    model = GradientBoostingClassifier(
        n_estimators=120,
        learning_rate=0.05,
        max_depth=3,
        min_samples_leaf=5,
        subsample=0.8,
        random_state=SEED,
    )
    # The imputer leaves known values as they are: they compare with the same thresholds in ONNX as here.
    return Pipeline([("fill", _constant(MISSING)), ("model", model)])


def _histogram(*, trees: int, rate: float, leaves: int, min_leaf: int = 20) -> Pipeline:
    """Histogram gradient boosting, which takes NaN as it is and samples columns in place of rows."""
    model = Histogram(
        max_iter=trees,
        learning_rate=rate,
        max_leaf_nodes=leaves,
        min_samples_leaf=min_leaf,
        max_features=0.5,
        l2_regularization=1.0,
        early_stopping=False,
        random_state=SEED,
    )
    return Pipeline([("model", model)])
