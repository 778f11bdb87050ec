"""How good the champion is now: measured on labelled predictions, estimated where there are no labels.

Both are the same computation, `core.stats.metrics`: a labelled row counts for its weight on the side of its
label, a row without a label for p and 1 - p.
"""

from collections.abc import Mapping
from typing import Final, Self

import numpy as np
import numpy.typing as npt
from pydantic import model_validator

from functions.core.base.records import Record
from functions.core.stats.intervals import metric_intervals
from functions.core.stats.metrics import Floats
from functions.core.stats.records import Interval

MIN_ROWS: Final = 30
# Metrics by which a model is said to have fallen. Calibration error is none: on few rows chance raises it.
_BETTER_WHEN_HIGHER: Final = {"roc_auc": True, "log_loss": False, "brier": False}


class Quality(Record):
    """`metrics`: roc_auc, log_loss (nats), brier, accuracy and calibration_error, as in the manifest.

    effective_rows: the number of equally weighted rows that would tell as much, (sum w)^2 / sum w^2: Kish
    (1965), "Survey Sampling", Wiley.
    """

    rows: int
    effective_rows: float
    metrics: dict[str, Interval]

    @model_validator(mode="after")
    def _has_all(self) -> Self:
        if missing := _BETTER_WHEN_HIGHER.keys() - self.metrics.keys():
            raise ValueError(f"there is no {' and no '.join(sorted(missing))}")
        return self


def live_quality(
    probability: npt.ArrayLike,
    outcome: npt.ArrayLike,
    weight: npt.ArrayLike | None = None,
    *,
    threshold: float = 0.5,
) -> Quality | None:
    """The metrics of labelled predictions, with 95 % intervals; None where these say nothing yet.

    probability: what was answered; outcome: 0 or 1; weight: above 0, for how many predictions the row
    stands; all of shape [N]. The weights are divided by their sum. `functions.monitor.live` weights by strata
    of the probability, so that the sample stands for all predictions though the uncertain ones were labelled
    first: that holds where within a stratum the labelled are like the others. Without weights they stand for
    themselves alone.

    Intervals: percentile bootstrap over rows with their weights, Efron & Tibshirani (1993), ch. 13. None with
    fewer than 30 effective rows, or when only one outcome occurs (among 5,000 rows, where there are more).
    The calibration error of few rows is raised by chance: of 100 perfectly calibrated ones it is 0.09, of
    1,000 it is 0.03.
    Raises `ValueError` when shapes differ or a value is out of its range.
    """
    chances = _probabilities(probability)
    outcomes = np.asarray(outcome, dtype=np.float64)
    weights = np.ones_like(chances) if weight is None else np.asarray(weight, dtype=np.float64)
    if not chances.shape == outcomes.shape == weights.shape:
        raise ValueError(
            f"one outcome and one weight is needed for each of {len(chances)} probabilities, "
            f"got shapes {outcomes.shape} and {weights.shape}"
        )
    if not np.isin(outcomes, (0, 1)).all():
        raise ValueError("an outcome is 0 or 1")
    if not (np.isfinite(weights) & (weights > 0)).all():
        raise ValueError("a weight is a finite number above 0")
    return _quality(chances, weights * outcomes, weights * (1 - outcomes), threshold)


def expected_quality(probability: npt.ArrayLike, *, threshold: float = 0.5) -> Quality | None:
    """What the metrics would be if every probability were right, with 95 % intervals; None below 30 rows.

    probability: what was answered, shape [N]. Confidence-based performance estimation: each row is taken to
    be positive with the chance that the model gives it (NannyML, "How it works: Confidence-based Performance
    Estimation"; the formula for ROC AUC is theirs, which counts a row against itself as one half). It needs
    no label, and it holds only while the model is calibrated on the rows that come now: a change of the rows
    shows (covariate shift), a change of their outcomes does not (concept drift). So it says how hard the rows
    are, not whether the model is wrong: for that, compare it with `live_quality` as labels come in.
    Calibration error is left out, being 0 by assumption. The intervals are those of drawing other rows, by
    the same bootstrap.
    Raises `ValueError` for what is no probability.
    """
    chances = _probabilities(probability)
    quality = _quality(chances, chances, 1 - chances, threshold)
    if quality is None:
        return None
    metrics = {name: metric for name, metric in quality.metrics.items() if name != "calibration_error"}
    return quality.model_copy(update={"metrics": metrics})


def effective_rows(weights: Floats) -> float:
    """How many equally weighted rows would tell as much; 0 for none. weights: above 0, shape [N]."""
    return float(weights.sum() ** 2 / np.sum(weights**2)) if len(weights) else 0.0


def judged(holdout: Mapping[str, Interval]) -> list[str]:
    """The metrics that `fallen` compares."""
    return [name for name in _BETTER_WHEN_HIGHER if name in holdout]


def fallen(live: Quality, holdout: dict[str, Interval]) -> list[str]:
    """The metrics among roc_auc, log_loss and brier that are worse in production than on the holdout.

    A metric has fallen when its whole interval lies beyond the bad end of the holdout's. Chance alone does
    that to a metric in 0.3 % of cases when both intervals are equally wide, in up to 2.5 % when one of them
    is far wider.
    """
    return [
        name
        for name in judged(holdout)
        if (
            live.metrics[name].high < holdout[name].low
            if _BETTER_WHEN_HIGHER[name]
            else live.metrics[name].low > holdout[name].high
        )
    ]


def _probabilities(values: npt.ArrayLike) -> Floats:
    chances = np.asarray(values, dtype=np.float64)
    if chances.ndim != 1 or not ((chances >= 0) & (chances <= 1)).all():
        raise ValueError("probabilities are a list of numbers from 0 to 1")
    return chances


def _quality(chances: Floats, positive: Floats, negative: Floats, threshold: float) -> Quality | None:
    effective = effective_rows(positive + negative)
    # Chances and their complements may add up to a little less than 1.
    if effective < MIN_ROWS - 1e-6:
        return None
    metrics = metric_intervals(chances, positive, negative, threshold=threshold)
    return Quality(rows=len(chances), effective_rows=effective, metrics=metrics) if metrics else None
