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

from functions.core.registry.manifest import Certificate
from functions.core.schema import columns, passenger, table
from functions.core.schema.columns import to_values
from functions.core.schema.passenger import FEATURES
from functions.core.scoring import scorer
from functions.core.scoring.scorer import Scorer
from functions.core.stats import distributions
from functions.core.stats.distributions import of_numbers
from functions.core.stats.records import Distribution, Interval
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
    reference: dict[str, Distribution]
    background: dict[str, list[Any]]


def libraries() -> dict[str, str]:
    return {name: importlib.metadata.version(name) for name in LIBRARIES}


def version_of(dataset_sha256: str, configuration: Configuration) -> str:
    """16 hex digits that name the model these inputs make: data, configuration, code and libraries."""
    folder = Path(__file__).parent
    code = [folder / name for name in _CODE]
    code += [Path(str(module.__file__)) for module in (columns, distributions, passenger, scorer, table)]
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
        reference=reference(dataset.matrix[dataset.representative], probability),
        background=background(matrix, probabilities(model, matrix)),
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


def reference(matrix: Matrix, probability: Probabilities) -> dict[str, Distribution]:
    """The distribution of each feature and of the predicted probability, for drift to be measured against.

    matrix: the representative rows of a dataset as in `Dataset`; probability: the model's of those of them
    that it was not fitted on, float [H]. On the rows of its own training a model is surer than it will ever
    be again: measured against these, the probabilities of any new passengers would have drifted.
    """
    found: dict[str, Distribution] = {}
    for at, (name, categories) in enumerate(FEATURES.items()):
        column = matrix[:, at]
        if categories is None:
            found[name] = of_numbers(column)
        else:
            codes = np.nan_to_num(column, nan=len(categories)).astype(np.intp)
            counts = np.bincount(codes, minlength=len(categories) + 1)
            found[name] = Distribution(categories=list(categories), counts=counts.tolist())
    return found | {"probability": of_numbers(probability)}
