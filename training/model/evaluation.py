"""What a graph says of rows, and how good it is: metrics, their intervals, groups, cross-validation."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import clone
from sklearn.model_selection import RepeatedStratifiedKFold

from functions.core.schema.schema import Schema
from functions.core.scoring.scorer import Scorer
from functions.core.stats.intervals import MAX_ROWS, metric_intervals
from functions.core.stats.metrics import metrics_of
from functions.core.stats.records import Interval
from training.estimators.average import mean_of, members_of
from training.estimators.gaps import fit
from training.table.matrix import Labels, Mask, Matrix, field_values, to_columns
from training.table.parallel import map_chunks

Probabilities = npt.NDArray[np.float64]
Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many steps are done, and how many there are."""

SELECTED_BY = ("roc_auc", "log_loss", "brier")


def probabilities(model: bytes, matrix: Matrix, schema: Schema) -> Probabilities:
    """The probabilities of a graph for the rows of a matrix, float64 [N]. Raises `UnusableModel`."""
    scorer = Scorer(model, schema)
    parts = map_chunks(lambda rows: scorer.run(to_columns(matrix[rows], schema)).probability, len(matrix))
    return np.concatenate(parts).astype(np.float64)


def intervals(outcome: Labels, probability: Probabilities) -> dict[str, Interval]:
    """Every metric with its 95 % interval by bootstrap over rows.

    outcome: int64 [N], both outcomes present; probability: float [N].
    """
    positive = outcome.astype(np.float64)
    measured = metric_intervals(probability, positive, 1 - positive)
    return measured or _of_rare_outcome(positive, np.asarray(probability, dtype=np.float64))


def _of_rare_outcome(positive: Probabilities, probability: Probabilities) -> dict[str, Interval]:
    """The same where one outcome is so rare that it does not occur among the rows that are drawn from.

    Then every row of that outcome is drawn from, and of the other rows as many as there is room for, each of
    which counts for several: their part of the interval is wider than it need be.
    """
    rare = positive == float(positive.mean() < 0.5)
    others = np.flatnonzero(~rare)
    drawn = np.random.default_rng(0).permutation(others)[: MAX_ROWS - int(rare.sum())]
    rows = np.concatenate([np.flatnonzero(rare), drawn])
    weight = np.where(rare[rows], 1.0, len(others) / len(drawn))
    spread = metric_intervals(probability[rows], weight * positive[rows], weight * (1 - positive[rows]))
    measured = {}
    for name, value in metrics_of(positive, probability).items():
        # Both outcomes are among these rows: there is a spread.
        near = (spread or {})[name]
        shift = value - near.value
        measured[name] = Interval(value=value, low=near.low + shift, high=near.high + shift)
    return measured


def confusion(outcome: Labels, probability: Probabilities) -> list[list[int]]:
    """Counts of rows: outcome 0, 1 downwards, label 0, 1 across."""
    counts: list[list[int]] = (
        np.bincount(2 * outcome + (probability > 0.5), minlength=4).reshape(2, 2).tolist()
    )
    return counts


def members(matrix: Matrix, schema: Schema) -> dict[str, Mask]:
    """Which rows belong to each group of each slice of the schema, bool [N] each, by names such as
    `sex=female`.

    Groups without a row are left out.
    """
    masks: dict[str, Mask] = {}
    for name in schema.slices:
        column = matrix[:, schema.names.index(name)]
        for value, number in field_values(schema.feature(name)):
            masks[f"{name}={value}"] = column == np.float32(number)
    return {name: rows for name, rows in masks.items() if rows.any()}


def slices(
    matrix: Matrix, outcome: Labels, probability: Probabilities, schema: Schema
) -> dict[str, dict[str, float]]:
    """The metrics of each group, its rows and those with the positive value, and its rates of error.

    ROC AUC only where both outcomes occur; a rate only where there is a row that it is of.
    """
    measured: dict[str, dict[str, float]] = {}
    for group, rows in members(matrix, schema).items():
        metrics = metrics_of(outcome[rows], probability[rows])
        if outcome[rows].min() == outcome[rows].max():
            del metrics["roc_auc"]
        counts = {"rows": float(rows.sum()), "positives": float(outcome[rows].sum())}
        measured[group] = counts | _rates(outcome[rows], probability[rows]) | metrics
    return measured


def _rates(outcome: Labels, probability: Probabilities) -> dict[str, float]:
    """Of the rows with each outcome, the share that is told to be positive."""
    (true_no, false_yes), (false_no, true_yes) = confusion(outcome, probability)
    rates = {}
    for name, judged_positive, rows in (
        ("true_positive_rate", true_yes, true_yes + false_no),
        ("false_positive_rate", false_yes, false_yes + true_no),
    ):
        if rows:
            rates[name] = judged_positive / rows
    return rates


def cross_validate(
    models: Mapping[str, Any],
    matrix: Matrix,
    outcome: Labels,
    schema: Schema,
    *,
    folds: int,
    repeats: int,
    seed: int,
    progress: Progress,
) -> dict[str, dict[str, float]]:
    """The mean over folds of ROC AUC, log loss and Brier score of each model, all on the same folds.

    An average of models that come before it is not fitted: it says the mean of what they said.
    """
    splitter = RepeatedStratifiedKFold(n_splits=folds, n_repeats=repeats, random_state=seed)
    splits = list(splitter.split(matrix, outcome))
    steps, done = len(splits) * len(models), 0
    said: dict[int, list[Probabilities]] = {}
    measured: dict[str, dict[str, float]] = {}
    for name, model in models.items():
        by_members = [said.get(id(member), []) for member in members_of(model)]
        said[id(model)] = []
        for fold, (train, judge) in enumerate(splits):
            progress(name, done, steps)
            if by_members and all(by_members):
                probability = mean_of([by_member[fold] for by_member in by_members])
            else:
                fitted = fit(clone(model), matrix[train], outcome[train], schema.features)
                probability = fitted.predict_proba(matrix[judge])[:, 1]
            said[id(model)].append(probability)
            done += 1
        measured[name] = _mean_metrics([outcome[judge] for _, judge in splits], said[id(model)])
    progress("selection", steps, steps)
    return measured


def _mean_metrics(outcomes: Sequence[Labels], probabilities: Sequence[Probabilities]) -> dict[str, float]:
    """The mean over folds of the metrics that candidates are compared by."""
    of_folds = [metrics_of(*fold) for fold in zip(outcomes, probabilities, strict=True)]
    return {name: float(np.mean([metrics[name] for metrics in of_folds])) for name in SELECTED_BY}
