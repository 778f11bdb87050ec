"""Candidate scikit-learn models of survival, each one estimator that skl2onnx exports whole."""

from typing import Any, Final

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from functions.core.schema.passenger import FEATURES
from training.dataset import Matrix

# Columns of the matrix, and the codes of the categories that are named below.
PCLASS, SEX, AGE, SIBSP, PARCH, FARE, EMBARKED, TITLE = range(len(FEATURES))
_SEXES, _TITLES = FEATURES["sex"] or (), FEATURES["title"] or ()
MALE = _SEXES.index("male")
MR, MRS, MISS, MASTER = map(_TITLES.index, ("Mr", "Mrs", "Miss", "Master"))

# Years. Of the 1,309 passengers' titles, sex, age and relatives aboard alone guess nine in ten.
CHILD_BELOW: Final = 14.0
MARRIED_FROM: Final = 35.0

# Exact boosting and forests sort every column at every node: minutes, not seconds, above this many rows.
SMALL_ROWS: Final = 50_000

# No valid value is negative, so a tree tells missing from present with one split below zero.
MISSING: Final = -1.0

# Number of codes per category, fixed so that a fold without a rare one has the same columns. Codes must be
# whole numbers: the exported encoder truncates fractions, the fitted one calls them unknown.
LEVELS: Final = {PCLASS: 4, SEX: 2, EMBARKED: 3, TITLE: 4}

SEED: Final = 0


def _titled(columns: ColumnTransformer, model: Any) -> Pipeline:
    return Pipeline([("titles", FunctionTransformer(fill_titles)), ("columns", columns), ("model", model)])


def _median() -> SimpleImputer:
    """Fill NaN with the column's median (0 where the whole column is missing)."""
    return SimpleImputer(strategy="median", keep_empty_features=True)


def _flag() -> SimpleImputer:
    """Fill NaN with MISSING."""
    return SimpleImputer(strategy="constant", fill_value=MISSING, keep_empty_features=True)


def fill_titles(matrix: Matrix) -> Matrix:
    """A copy of `matrix` in which a missing title is the likeliest one for sex, age and relatives aboard.

    No row of the passenger list lacks a title, so a model would learn nothing of rows that do: without
    this, gradient boosting gives a first-class woman of 29 without a title less than an even chance.
    `training.export` says the same in ONNX.
    """
    sex, age, sibsp = matrix[:, SEX], matrix[:, AGE], matrix[:, SIBSP]
    # Comparisons with NaN are false: whose age is unknown is neither a child nor old enough to be married.
    child = age < CHILD_BELOW
    married = ((sibsp > 0) | (age >= MARRIED_FROM)) & ~child
    likeliest = np.where(sex == MALE, np.where(child, MASTER, MR), np.where(married, MRS, MISS))
    filled = matrix.copy()
    filled[:, TITLE] = np.where(np.isnan(matrix[:, TITLE]), likeliest, matrix[:, TITLE])
    return filled


def _tree(model: Any) -> Pipeline:
    """Put a tree model behind imputers that leave present values bit-exact.

    Unscaled float32 values compare with the same thresholds in ONNX as in scikit-learn. Fare takes its
    median, not MISSING: it is missing once in 1,309 rows, too seldom to learn from.
    """
    rest = [PCLASS, SEX, AGE, SIBSP, PARCH, EMBARKED, TITLE]
    fill = ColumnTransformer([("fare", _median(), [FARE]), ("rest", _flag(), rest)])
    return _titled(fill, model)


def _linear() -> Pipeline:
    """Logistic regression on standardised numbers and one-hot categories; a missing category is all zeros."""
    numbers = Pipeline([("fill", _median()), ("scale", StandardScaler())])
    one_hot = OneHotEncoder(
        categories=[[float(code) for code in range(count)] for count in LEVELS.values()],
        handle_unknown="ignore",
        sparse_output=False,
        dtype="float32",  # half the memory on ten million rows
    )
    categories = Pipeline([("fill", _flag()), ("one_hot", one_hot)])
    columns = ColumnTransformer(
        [("numbers", numbers, [AGE, SIBSP, PARCH, FARE]), ("categories", categories, list(LEVELS))]
    )
    return _titled(columns, LogisticRegression(max_iter=1000))


def _boosting() -> Pipeline:
    """Gradient boosting of shallow trees; sampling rows is what puts it ahead of the histogram variant."""
    return _tree(
        GradientBoostingClassifier(
            n_estimators=120,
            learning_rate=0.05,
            max_depth=3,
            min_samples_leaf=5,
            subsample=0.8,
            random_state=SEED,
        )
    )


def _histogram(rows: int) -> Pipeline:
    """Histogram gradient boosting, with larger trees where the rows can support them."""
    small = rows <= SMALL_ROWS
    return _tree(
        HistGradientBoostingClassifier(
            max_iter=100,
            learning_rate=0.05 if small else 0.1,
            max_leaf_nodes=8 if small else 31,
            min_samples_leaf=5 if small else 20,
            max_features=0.5,
            early_stopping=False,
            random_state=SEED,
        )
    )


def _forest() -> Pipeline:
    """Random forest with leaves large enough to give usable probabilities."""
    return _tree(
        RandomForestClassifier(
            n_estimators=100, min_samples_leaf=5, max_features=0.5, n_jobs=1, random_state=SEED
        )
    )


def candidates(rows: int) -> dict[str, Any]:
    """Return unfitted classifiers by name, for a training table of `rows` passengers.

    Each takes a float32 matrix [N, 8] (pclass 1-3, sex code, age in years, sibsp, parch, fare in pounds,
    embarked code, title code; NaN missing) and labels 0/1, and gives `predict_proba` [N, 2]. Above
    SMALL_ROWS only the two models whose fit time grows linearly with the rows are offered. No vote of
    these models and no sigmoid calibration is here: neither lowered the log loss of the best by 0.001.
    """
    models: dict[str, Any] = {
        "logistic regression": _linear(),
        "histogram gradient boosting": _histogram(rows),
    }
    if rows <= SMALL_ROWS:
        models["gradient boosting"] = _boosting()
        models["random forest"] = _forest()
    return models
