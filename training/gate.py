"""Whether a challenger may take the champion's place.

Three kinds of rules, the first that objects decides:

1. Floors, which need no champion: enough rows to judge by, ROC AUC, a log loss below that of always saying
   the base rate, and what everybody knows of these passengers (`training.expectations`).
2. The champion on the same held-out rows, which neither model was fitted on. Of the difference in mean log
   loss, a 95 % interval by paired bootstrap: its upper end may not pass the margin ("may be too much worse"),
   and its lower end may not lie above zero ("is shown to be worse, by however little"). The first rule
   decides on small holdouts, the second on large ones. Before that, the champion must rank the new rows
   better than a coin does: where it does not, dataset and champion contradict each other, and a person must
   say who is right.
3. Slices. A sex or class in which the challenger's log loss is worse by more than the slice margin, and
   shown to be worse at all. Classes of a holdout are small: of 262 rows 55 are of the second, where chance
   alone moves the difference by 0.03 nats and more, so that asking each slice for non-inferiority would hold
   back nearly every model. So a slice objects only when the effect is large and its interval, at 95 % for all
   slices together, lies above zero; with fewer than 30 rows it is recorded, not judged.

Copies of a row are no evidence of their own: wherever rows are counted as enough, or drawn, they are
different ones (`training.bootstrap`).

How often challengers of known quality pass under the default limits, in percent of 500 simulations each
(`make bench-gate`; `tests/bench/gate.py` says how they are made):

    rows held out                        262     1,000    10,000
    no better than noise                   0         0         0
    worse by 0.02 nats                     9        23         0
    equal, 0.10 worse for one class       41        18         0
    equal, with other errors              65        98        97
    better by 0.02 nats                   99       100       100

On few rows the gate is strict: to hold back an equal costs nothing. A margin of 0.02 lets 3 % instead of 23
of the worse ones pass on 1,000 rows, and 91 % instead of 98 of the equal ones; on 262 rows, 34 % of these.

A chain of promotions, each a little worse than the last within the margin, is bounded by the floors only:
`python -m training models compare` sets any two versions side by side.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from functions.core.registry.manifest import Decision
from training.bootstrap import FEWEST_ROWS, distinct, paired_bootstrap
from training.dataset import Labels, Matrix, copies
from training.evaluation import METRICS, Probabilities, log_loss_rows, members

COIN = 0.5


class Limits(BaseModel):
    """What no model in service may fall below, and how much worse than the champion one may be."""

    model_config = ConfigDict(frozen=True)

    min_holdout_rows: int = Field(
        50, ge=FEWEST_ROWS, description="different held-out rows it takes to judge a model"
    )
    min_roc_auc: float = Field(0.7, ge=0.5, le=1, description="ROC AUC that a model must reach")
    margin: float = Field(
        0.03, ge=0, le=1, description="nats of log loss a model may be worse than the champion"
    )
    slice_margin: float = Field(0.05, ge=0, le=1, description="the same for one sex or class")


def judge(
    matrix: Matrix,
    survived: Labels,
    challenger: Probabilities,
    champion: tuple[str, Probabilities] | None,
    limits: Limits,
    *,
    surprises: Sequence[str] = (),
) -> Decision:
    """Judge a challenger on the holdout.

    matrix: float32 [N, 8] as in `Dataset.matrix`; survived, challenger and the champion's probabilities:
    shape [N], the same rows, none of which either model was fitted on, both outcomes among them. `champion`
    is its version and its probabilities, None when there is no champion to compare with; `surprises` are the
    expectations that the challenger does not meet.
    """
    losses = log_loss_rows(survived, challenger)
    passengers = copies(matrix)
    decision = _floors(survived, challenger, losses, distinct(passengers), limits)
    if decision.promote and surprises:
        decision = _held(decision, "floor: expectations", "; ".join(surprises))
    if champion is None or not decision.promote:
        return decision.model_copy(update={"champion": champion[0] if champion else None})
    return _against(decision, matrix, passengers, survived, losses, champion, limits)


def _floors(
    survived: Labels, challenger: Probabilities, losses: Probabilities, different: int, limits: Limits
) -> Decision:
    share = np.full(len(survived), survived.mean())
    numbers = {
        "holdout_rows": float(len(survived)),
        "different_holdout_rows": float(different),
        "roc_auc": METRICS["roc_auc"](survived, challenger),
        "log_loss": float(losses.mean()),
        "log_loss_of_base_rate": float(log_loss_rows(survived, share).mean()),
    }
    passed = Decision(
        promote=True,
        rule="first champion",
        reason="it passed the floors and there is no champion",
        numbers=numbers,
        limits=limits.model_dump(),
    )
    if different < limits.min_holdout_rows:
        least = limits.min_holdout_rows
        reason = f"the holdout has {different} different rows, at least {least} are needed to judge"
        return _held(passed, "floor: holdout rows", reason)
    # `not >=`: a NaN passes no floor.
    if not numbers["roc_auc"] >= limits.min_roc_auc:
        reason = f"ROC AUC {numbers['roc_auc']:.3f} is below {limits.min_roc_auc:.3f}"
        return _held(passed, "floor: ROC AUC", reason)
    if not numbers["log_loss"] < numbers["log_loss_of_base_rate"]:
        reason = f"log loss {numbers['log_loss']:.3f} is no better than always saying the base rate"
        return _held(passed, "floor: base rate", reason)
    return passed


def _against(
    floors: Decision,
    matrix: Matrix,
    passengers: npt.NDArray[np.intp],
    survived: Labels,
    losses: Probabilities,
    champion: tuple[str, Probabilities],
    limits: Limits,
) -> Decision:
    """The decision on a challenger that passed the floors, against the champion."""
    version, probability = champion
    theirs = log_loss_rows(survived, probability)
    everybody = {"all": np.ones(len(losses), dtype=bool)}
    worse = paired_bootstrap(losses, theirs, passengers, everybody)["all"]
    numbers = floors.numbers | {
        "roc_auc_of_champion": METRICS["roc_auc"](survived, probability),
        "log_loss_of_champion": float(theirs.mean()),
        "worse_by": worse.value,
        "worse_by_at_least": worse.low,
        "worse_by_at_most": worse.high,
    }
    slices = _slices(matrix, passengers, losses, theirs)
    compared = Decision(
        promote=True,
        rule="non-inferiority",
        reason=f"log loss is at most {worse.high:.3f} nats worse than the champion's on the holdout",
        champion=version,
        numbers=numbers,
        slices=slices,
        limits=floors.limits,
    )
    on_rows = f"than the champion's on the same {len(losses)} rows"
    if numbers["roc_auc_of_champion"] < COIN:
        auc = numbers["roc_auc_of_champion"]
        reason = (
            f"the dataset contradicts the champion, whose ROC AUC on it is {auc:.3f}: are its labels right?"
        )
        return _held(compared, "contradiction", reason)
    if not worse.high <= limits.margin:
        reason = f"log loss may be {worse.high:.3f} nats worse {on_rows}; at most {limits.margin:.3f} may be"
        return _held(compared, "non-inferiority", reason)
    if worse.low > 0:
        reason = f"log loss is {worse.low:.3f} to {worse.high:.3f} nats worse {on_rows}"
        return _held(compared, "proven worse", reason)
    for name, slice_ in slices.items():
        if slice_["worse_by"] > limits.slice_margin and slice_.get("worse_by_at_least", 0) > 0:
            reason = (
                f"for {name} log loss is {slice_['worse_by']:.3f} nats worse than the champion's "
                f"({slice_['rows']:.0f} rows); at most {limits.slice_margin:.3f} may be"
            )
            return _held(compared, f"slice: {name}", reason)
    return compared


def _slices(
    matrix: Matrix, passengers: npt.NDArray[np.intp], losses: Probabilities, theirs: Probabilities
) -> dict[str, dict[str, float]]:
    """Log loss of both models in each slice; with an interval where there are rows enough for one."""
    parts = members(matrix)
    found = {
        name: {
            "rows": float(rows.sum()),
            "log_loss": float(losses[rows].mean()),
            "log_loss_of_champion": float(theirs[rows].mean()),
            "worse_by": float((losses - theirs)[rows].mean()),
        }
        for name, rows in parts.items()
    }
    judged = {name: rows for name, rows in parts.items() if distinct(passengers[rows]) >= FEWEST_ROWS}
    intervals = paired_bootstrap(losses, theirs, passengers, judged) if judged else {}
    for name, interval in intervals.items():
        found[name] |= {"worse_by_at_least": interval.low, "worse_by_at_most": interval.high}
    return found


def _held(decision: Decision, rule: str, reason: str) -> Decision:
    return decision.model_copy(update={"promote": False, "rule": rule, "reason": reason})
