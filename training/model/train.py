"""From a dataset to a proven model: select, refit, export, certify, judge on the holdout."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from sklearn.base import ClassifierMixin
from sklearn.pipeline import Pipeline

from functions.core.base.errors import UnprovenModel, UnusableModel
from functions.core.base.logs import log
from functions.core.registry.manifest import Certificate
from functions.core.stats.curves import calibration_curve
from functions.core.stats.records import CalibrationBin, Distribution, Interval, MeanContributions
from training.estimators.candidates import candidates
from training.estimators.gaps import fit
from training.estimators.parameters import Parameters, parameters_of
from training.model.evaluation import (
    Probabilities,
    Progress,
    confusion,
    cross_validate,
    intervals,
    probabilities,
    slices,
)
from training.model.reference import MAX_EXPLAINED, background, mean_contributions, reference
from training.proof.certificate import CompareRows, certify
from training.proof.export import export
from training.table.dataset import MAX_KEY_SHARE, Dataset
from training.table.matrix import Mask
from training.table.parallel import limited_threads

# Candidates are compared on a sample of so many rows where the training side has more than the other number:
# two that differ by less than it shows are as good as each other.
SELECTION_ROWS = 100_000
MAX_SELECTION_ROWS = 200_000
# Of more rows of the training side, every so many-th is enough to take eight from.
MAX_BACKGROUND_ROWS = 100_000

Indices = npt.NDArray[np.intp]
Certify = Callable[[bytes], Certificate]
"""Compares a graph with the fitted estimator. Raises `UnprovenModel`, `UnusableModel`."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """How a model is selected: cross-validation on the training side, `folds` times `repeats`; and how many
    of the rows that one key labelled are taken (`training.table.labellers`)."""

    folds: int = 5
    repeats: int = 1
    seed: int = 0
    max_key_share: float = MAX_KEY_SHARE


@dataclass(frozen=True, slots=True)
class Proven:
    """A fitted estimator with its graph, the proof that both agree, and how to prove another graph of it."""

    name: str
    estimator: ClassifierMixin
    model: bytes
    certify: Certify
    certificate: Certificate


@dataclass(frozen=True, slots=True)
class Trained(Proven):
    """A model that holds its certificate, and its figures.

    probability: the graph's on the holdout rows, float64 [H]; selection: of each candidate, the means of
    cross-validation; notes: candidates that would have been better, but could not be proven; parameters: of
    each candidate, as people read them.
    """

    probability: Probabilities
    selection: dict[str, dict[str, float]]
    notes: tuple[str, ...]
    metrics: dict[str, Interval]
    confusion: list[list[int]]
    slices: dict[str, dict[str, float]]
    calibration: list[CalibrationBin]
    contributions: MeanContributions | None
    reference: dict[str, Distribution]
    background: dict[str, list[Any]]
    parameters: dict[str, Parameters] = field(default_factory=dict)


class Fitting(Protocol):
    """Where what takes all rows is done: the final fit, and the comparison of the certificate.

    notes: what is to be said of it, in sentences.
    """

    @property
    def notes(self) -> tuple[str, ...]: ...

    def candidates(self, dataset: Dataset) -> dict[str, Any]:
        """The unfitted classifiers that can be fitted on the training side, by name."""
        ...

    def fit(self, model: Pipeline, dataset: Dataset) -> Pipeline:
        """Fit one of them on the training side, and return it."""
        ...

    @property
    def compare_rows(self) -> CompareRows | None:
        """What compares graph and estimator on all rows; None: this machine does."""
        ...


class FittingHere:
    """On this machine."""

    notes: tuple[str, ...] = ()
    compare_rows: CompareRows | None = None

    def candidates(self, dataset: Dataset) -> dict[str, Any]:
        return candidates(dataset.schema.features, int(dataset.fitted.sum()))

    def fit(self, model: Pipeline, dataset: Dataset) -> Pipeline:
        return fit(model, *dataset.train, dataset.schema.features)


def train(
    dataset: Dataset,
    configuration: Configuration,
    progress: Progress,
    fitting: Fitting | None = None,
) -> Trained:
    """Select by log loss on the training side, refit the winner there, prove and judge its graph.

    fitting: where; None: on this machine, as the selection always is. The holdout side is seen only by the
    last step, through the exported graph. A candidate that cannot be converted, or not faithfully, gives way
    to the next best. Raises `UnprovenModel` when none is left.
    """
    fitting = fitting or FittingHere()
    models = fitting.candidates(dataset)
    sample, notes = _selection_sample(dataset, configuration.seed)
    folds = int(min(configuration.folds, np.bincount(dataset.outcome[sample]).min()))
    with limited_threads(int(dataset.fitted.sum())):
        selection = cross_validate(
            models,
            dataset.matrix[sample],
            dataset.outcome[sample],
            dataset.schema,
            folds=folds,
            repeats=configuration.repeats,
            seed=configuration.seed,
            progress=progress,
        )
        ranked = sorted(models, key=lambda name: selection[name]["log_loss"])
        proven, failures = _prove_best({name: models[name] for name in ranked}, dataset, fitting, progress)
    progress("judge on the holdout", 2, 3)
    trained = judge_on_holdout(proven, dataset, selection, (*fitting.notes, *notes, *failures))
    progress("done", 3, 3)
    return replace(trained, parameters={name: parameters_of(model) for name, model in models.items()})


def _selection_sample(dataset: Dataset, seed: int) -> tuple[Mask | Indices, tuple[str, ...]]:
    """The rows of the training side by which candidates are compared; and what is to be said of them."""
    rows = int(dataset.fitted.sum())
    if rows <= MAX_SELECTION_ROWS:
        return dataset.fitted, ()
    drawn = np.random.default_rng(seed).choice(rows, SELECTION_ROWS, replace=False, shuffle=False)
    return np.flatnonzero(dataset.fitted)[np.sort(drawn)], (
        f"the candidates were compared on {SELECTION_ROWS:,} of the {rows:,} training rows, drawn at random; "
        "the best one was then fitted on all of them",
    )


def _prove_best(
    models: Mapping[str, Any], dataset: Dataset, fitting: Fitting, progress: Progress
) -> tuple[Proven, tuple[str, ...]]:
    """The first of `models` that can be proven, fitted on the training side; why those before cannot."""
    notes: list[str] = []
    for name, model in models.items():
        progress(f"refit {name}", 0, 3)
        estimator = fitting.fit(model, dataset)
        progress("export and certificate", 1, 3)
        try:
            graph = _export(estimator, dataset)
            prove = partial(
                certify,
                estimator,
                matrix=dataset.matrix,
                schema=dataset.schema,
                compare_rows=fitting.compare_rows,
            )
            return Proven(name, estimator, graph, prove, prove(graph)), tuple(notes)
        except (UnprovenModel, UnusableModel) as error:
            log("WARNING", "a candidate is passed over", candidate=name, reason=str(error))
            notes.append(f"{name} was passed over: {error}")
    raise UnprovenModel("; ".join(notes))


def _export(estimator: ClassifierMixin, dataset: Dataset) -> bytes:
    """Its graph. Raises `UnprovenModel` when it has none."""
    try:
        return export(estimator, dataset.schema)
    # skl2onnx raises what it comes upon: there is no common base but Exception.
    except Exception as error:
        why = str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
        raise UnprovenModel(f"it cannot be converted to ONNX: {why}") from error


def judge_on_holdout(
    proven: Proven, dataset: Dataset, selection: dict[str, dict[str, float]], notes: tuple[str, ...] = ()
) -> Trained:
    """The figures of a proven model, all of them from its graph."""
    schema = dataset.schema
    matrix, outcome = dataset.judged
    probability = probabilities(proven.model, matrix, schema)
    rows = np.flatnonzero(dataset.fitted)
    fitted = dataset.matrix[rows[:: max(1, len(rows) // MAX_BACKGROUND_ROWS)]]
    unknown = background(fitted, probabilities(proven.model, fitted, schema), schema)
    explained = dataset.matrix[dataset.sample(MAX_EXPLAINED)]
    return Trained(
        name=proven.name,
        estimator=proven.estimator,
        model=proven.model,
        certify=proven.certify,
        certificate=proven.certificate,
        probability=probability,
        selection=selection,
        notes=notes,
        metrics=intervals(outcome, probability),
        confusion=confusion(outcome, probability),
        slices=slices(matrix, outcome, probability, schema),
        calibration=calibration_curve(outcome, probability),
        contributions=mean_contributions(proven.model, explained, unknown, schema),
        reference=reference(dataset.matrix[dataset.representative], probability, schema),
        background=unknown,
    )
