"""The champion of a table beside plain models of it, on the same folds."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits

from functions.core.schema.document.parsing import parse_schema, read_schema
from functions.core.schema.inference.inferred import infer_schema
from functions.core.schema.schema import Field, Schema
from functions.core.schema.tables.table import open_table
from functions.core.stats.metrics import metrics_of
from functions.local.process.child import ROOT
from training.estimators.candidates import candidates
from training.estimators.gaps import fit
from training.model.evaluation import cross_validate
from training.table.matrix import Labels, Matrix, to_matrix

LIFEBOAT, BOOSTING, LINEAR = "Lifeboat", "HistGradientBoosting", "logistic regression"
METRICS = ("log_loss", "roc_auc")
TITANIC_SCHEMA = ROOT / "training" / "data" / "titanic.schema.json"


class Measured(NamedTuple):
    """rows, features: of the table; chosen: the champion's kind in each fold; metrics: by model and metric,
    [folds]."""

    rows: int
    features: int
    chosen: list[str]
    metrics: dict[str, dict[str, npt.NDArray[np.float64]]]

    def excess(self) -> tuple[float, float]:
        """By how much the champion's log loss exceeds that of the better plain model, and its standard error.

        Means over folds, the error that of the differences in pairs.
        """
        losses = {name: found["log_loss"] for name, found in self.metrics.items()}
        better = min((BOOSTING, LINEAR), key=lambda name: losses[name].mean())
        difference = losses[LIFEBOAT] - losses[better]
        return float(difference.mean()), float(difference.std(ddof=1) / np.sqrt(len(difference)))


def measure(name: str, path: Path, target: str, *, folds: int, max_rows: int) -> Measured:
    """Select, fit and judge on each fold of a table: the selection sees the fold's training side alone.

    The selection is Lifeboat's: by log loss in cross-validation of five folds.
    """
    schema = _schema(name, path, target)
    matrix, outcome = _read(path, schema)
    order = np.random.default_rng(0).permutation(len(matrix))[:max_rows]
    matrix, outcome = matrix[order], outcome[order]
    plain = {BOOSTING: HistGradientBoostingClassifier(random_state=0), LINEAR: _plain_linear(schema.features)}
    metrics: dict[str, dict[str, list[float]]] = {
        model: {metric: [] for metric in METRICS} for model in (LIFEBOAT, *plain)
    }
    chosen = []
    splitter = StratifiedKFold(folds, shuffle=True, random_state=0)
    with threadpool_limits(1):
        for train, judge in splitter.split(matrix, outcome):
            best, champion = _champion(matrix[train], outcome[train], schema)
            chosen.append(best)
            fitted = {model: clone(plain[model]).fit(matrix[train], outcome[train]) for model in plain}
            for model, estimator in {LIFEBOAT: champion, **fitted}.items():
                found = metrics_of(outcome[judge], estimator.predict_proba(matrix[judge])[:, 1])
                for metric in METRICS:
                    metrics[model][metric].append(found[metric])
    arrays = {
        model: {metric: np.array(values) for metric, values in found.items()}
        for model, found in metrics.items()
    }
    return Measured(len(matrix), len(schema.features), chosen, arrays)


def _schema(name: str, path: Path, target: str) -> Schema:
    if name == "titanic":
        return read_schema(TITANIC_SCHEMA.read_bytes())
    with path.open("rb") as stream:
        return parse_schema(infer_schema(stream, target=target).document)


def _read(path: Path, schema: Schema) -> tuple[Matrix, Labels]:
    with path.open("rb") as stream:
        chunks = list(open_table(stream, schema, labelled=True))
    matrix = np.concatenate([to_matrix(chunk.columns, schema) for chunk in chunks])
    return matrix, np.concatenate([np.array(chunk.outcomes, dtype=np.int64) for chunk in chunks])


def _champion(matrix: Matrix, outcome: Labels, schema: Schema) -> tuple[str, Any]:
    models = candidates(schema.features, len(matrix))
    selection = cross_validate(
        models, matrix, outcome, schema, folds=5, repeats=1, seed=0, progress=lambda *_: None
    )
    best = min(selection, key=lambda name: selection[name]["log_loss"])
    return best, fit(models[best], matrix, outcome, schema.features)


def _plain_linear(features: Sequence[Field]) -> Pipeline:
    """What one writes first: fill with the median, standardise, a column for each category."""
    texts = [index for index, field in enumerate(features) if field.words is not None]
    numbers = [index for index, field in enumerate(features) if field.words is None]
    scaled = Pipeline([("fill", SimpleImputer(strategy="median")), ("scale", StandardScaler())])
    one_hot = OneHotEncoder(handle_unknown="ignore")
    columns = ColumnTransformer([("numbers", scaled, numbers), ("texts", one_hot, texts)])
    return Pipeline([("columns", columns), ("model", LogisticRegression(max_iter=1_000))])
