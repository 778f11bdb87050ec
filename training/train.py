"""From a dataset to a proven model: select, refit, export, certify, judge on the holdout."""

import hashlib
import importlib.metadata
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin
from threadpoolctl import threadpool_limits

from functions.core import columns, passenger, scorer, table
from functions.core.columns import to_values
from functions.core.manifest import Certificate, Interval
from functions.core.passenger import FEATURES
from functions.core.scorer import Scorer
from training.certificate import CHUNK, certify
from training.dataset import Dataset, Matrix, to_columns
from training.evaluation import Probabilities, Progress, confusion, cross_validate, intervals, slices
from training.export import export
from training.pipeline import candidates

# What the bytes of a model depend on beside its data: these libraries, and these files.
LIBRARIES = ("numpy", "onnx", "onnxruntime", "scikit-learn", "scipy", "skl2onnx")
BACKGROUND_ROWS = 8
_CODE = ("certificate.py", "dataset.py", "evaluation.py", "export.py", "pipeline.py", "train.py")


@dataclass(frozen=True, slots=True)
class Configuration:
    """How a model is selected: cross-validation on the training side, `folds` times `repeats`."""

    folds: int = 5
    repeats: int = 1
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Trained:
    """A model that holds its certificate; `probability` is the graph's on the holdout rows, float64 [H]."""

    name: str
    estimator: ClassifierMixin
    model: bytes
    certificate: Certificate
    probability: Probabilities
    selection: dict[str, dict[str, float]]
    metrics: dict[str, Interval]
    confusion: list[list[int]]
    slices: dict[str, dict[str, float]]
    reference: dict[str, Any]
    background: dict[str, list[Any]]


def libraries() -> dict[str, str]:
    return {name: importlib.metadata.version(name) for name in LIBRARIES}


def version_of(dataset_sha256: str, configuration: Configuration) -> str:
    """16 hex digits that name the model these inputs make: data, configuration, code and libraries."""
    folder = Path(__file__).parent
    code = [folder / name for name in _CODE]
    code += [Path(str(module.__file__)) for module in (columns, passenger, scorer, table)]
    made_of = {
        "dataset": dataset_sha256,
        "configuration": asdict(configuration),
        "code": {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in code},
        "libraries": libraries(),
    }
    return hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()[:16]


def train(dataset: Dataset, configuration: Configuration, progress: Progress) -> Trained:
    """Select by log loss on the training side, refit the winner there, prove and judge its graph.

    The holdout side is seen only by the last step, through the exported graph. Raises `UnprovenModel`.
    """
    matrix, survived = dataset.train
    folds = int(min(configuration.folds, np.bincount(survived).min()))
    # One thread: sums in another order would change the last bit of a weight, and with it the model's bytes.
    with threadpool_limits(1):
        models = candidates(len(matrix))
        selection = cross_validate(
            models,
            matrix,
            survived,
            folds=folds,
            repeats=configuration.repeats,
            seed=configuration.seed,
            progress=progress,
        )
        name = min(selection, key=lambda model: selection[model]["log_loss"])
        progress(f"refit {name}", 0, 3)
        estimator = models[name].fit(matrix, survived)
    progress("export and certificate", 1, 3)
    model = export(estimator)
    certificate = certify(estimator, model, dataset.matrix)
    progress("judge on the holdout", 2, 3)
    judged, outcomes = dataset.judged
    probability = probabilities(model, judged)
    fitted = probabilities(model, matrix)
    trained = Trained(
        name=name,
        estimator=estimator,
        model=model,
        certificate=certificate,
        probability=probability,
        selection=selection,
        metrics=intervals(outcomes, probability, draws=1_000 if len(outcomes) <= 20_000 else 200),
        confusion=confusion(outcomes, probability),
        slices=slices(judged, outcomes, probability),
        reference=reference(matrix, fitted),
        background=background(matrix, fitted),
    )
    progress("done", 3, 3)
    return trained


def probabilities(model: bytes, matrix: Matrix) -> Probabilities:
    """The graph's probabilities for rows of `Dataset.matrix`, float64 [N]."""
    scorer = Scorer(model)
    # In parts: a row's strings take ten times the room of its numbers.
    parts = [scorer.run(to_columns(matrix[start : start + CHUNK])) for start in range(0, len(matrix), CHUNK)]
    return np.concatenate([part.probability for part in parts]).astype(np.float64)


def background(matrix: Matrix, probability: Probabilities) -> dict[str, list[Any]]:
    """Eight training rows that stand for "not known" in an explanation, column by column; None is missing.

    They are those in the middle of each eighth of the rows in order of probability, so that the mean of
    their probabilities is near the mean of all. matrix: as in `Dataset`; probability: float [N].
    """
    order = np.argsort(probability, kind="stable")
    middles = (np.arange(BACKGROUND_ROWS) + 0.5) / BACKGROUND_ROWS * len(order)
    return to_values(to_columns(matrix[order[middles.astype(np.intp)]]))


def reference(matrix: Matrix, probability: Probabilities) -> dict[str, Any]:
    """The distribution of each feature and of the probability, for drift to be measured against.

    Numbers: share missing, inner edges of up to ten bins at the deciles, and the share of the known
    values in each bin (left-open, right-closed). Categories: the share of each, "" standing for missing.
    """
    found: dict[str, Any] = {}
    for at, (name, categories) in enumerate(FEATURES.items()):
        column = matrix[:, at]
        known = column[~np.isnan(column)]
        if categories is None:
            found[name] = {"missing": 1 - len(known) / len(column), **_bins(known)}
        else:
            counts = {category: int(np.sum(known == code)) for code, category in enumerate(categories)}
            counts[""] = len(column) - len(known)
            found[name] = {"shares": {key: count / len(column) for key, count in counts.items()}}
    return found | {"probability": _bins(probability)}


def _bins(values: np.ndarray[Any, Any]) -> dict[str, list[float]]:
    if not len(values):
        return {"edges": [], "shares": []}
    edges = np.unique(np.quantile(values, np.linspace(0.1, 0.9, 9)))
    counts = np.bincount(np.searchsorted(edges, values, side="left"), minlength=len(edges) + 1)
    return {"edges": edges.tolist(), "shares": (counts / len(values)).tolist()}
