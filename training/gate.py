"""Whether a challenger may take the champion's place.

Three kinds of rules, the first that objects decides:

1. Floors, which need no champion: enough rows to judge by, ROC AUC, a log loss below that of always saying
   the base rate, and what is known of such rows from elsewhere (`training.expectations`).
2. The champion on the same held-out rows, which neither model was fitted on. Of the difference in mean log
   loss, a 95 % interval by paired bootstrap: its upper end may not pass the margin ("may be too much worse"),
   and its lower end may not lie above zero ("is shown to be worse, by however little"). The first rule
   decides on small holdouts, the second on large ones. Before that, the champion must rank the new rows
   better than a coin does: where it does not, dataset and champion contradict each other, and a person must
   say who is right.
3. Slices: a group of rows, such as one of the schema's categories, in which the challenger's log loss is
worse
   by more than the slice margin, and shown to be worse at all. Groups of a holdout are small: in one of 55
   rows chance alone moves the difference by 0.03 nats and more, so that asking each slice for non-inferiority
   would hold back nearly every model. So a slice objects only when the effect is large and its interval, at
   95 % for all slices together, lies above zero; with fewer than 30 rows it is recorded, not judged.

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

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from functions.core.base.settings import setting
from functions.core.registry.manifest import Decision
from functions.core.schema.schema import Schema
from functions.core.stats.metrics import log_loss_of_rows, metrics_of
from training.bootstrap import MIN_ROWS, distinct, paired_bootstrap
from training.evaluation import Probabilities, members
from training.matrix import Labels, Mask, Matrix, copies

COIN = 0.5
_BY_HAND = "or promote it by hand, with force"


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What no model in service may fall below, and how much worse than the champion one may be."""

    min_holdout_rows: int = setting(
        50, ge=MIN_ROWS, description="different held-out rows it takes to judge a model"
    )
    min_roc_auc: float = setting(0.7, ge=0.5, le=1, description="ROC AUC that a model must reach")
    margin: float = setting(
        0.03, ge=0, le=1, description="nats of log loss a model may be worse than the champion"
    )
    slice_margin: float = setting(0.05, ge=0, le=1, description="the same for one group of a slice")

    def as_numbers(self) -> dict[str, float]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Rows:
    """The held-out rows that a challenger is judged on, none of which either model was fitted on.

    outcome: int64 [N], both outcomes among them; twins: a number for each row, [N], the same for copies
    (`training.matrix.copies`); groups: bool [N] for each group of each slice (`training.evaluation.members`).
    """

    outcome: Labels
    twins: npt.NDArray[np.intp]
    groups: Mapping[str, Mask]

    @classmethod
    def of(cls, matrix: Matrix, outcome: Labels, schema: Schema) -> Self:
        return cls(outcome, copies(matrix), members(matrix, schema))


@dataclass(frozen=True, slots=True)
class Rival:
    """The champion: its version, and its probabilities of the same rows, float [N]."""

    version: str
    probability: Probabilities


def judge(
    rows: Rows,
    challenger: Probabilities,
    champion: Rival | None,
    limits: Limits,
    *,
    surprises: Sequence[str] = (),
) -> Decision:
    """Judge a challenger on the holdout. challenger: its probabilities of the rows, float [N].

    `champion` is None when there is no champion to compare with; `surprises` are the expectations that the
    challenger does not meet.
    """
    losses = log_loss_of_rows(rows.outcome, challenger)
    decision = _judge_alone(rows, challenger, losses, limits)
    if decision.promote and surprises:
        reason = "; ".join(surprises)
        decision = _held(decision, "floor: expectations", reason, "check the labels")
    if champion is None or not decision.promote:
        return decision.model_copy(update={"champion": champion.version if champion else None})
    return _judge_against(decision, rows, losses, champion, limits)


def _judge_alone(rows: Rows, challenger: Probabilities, losses: Probabilities, limits: Limits) -> Decision:
    """The floors, which need no champion."""
    different = distinct(rows.twins)
    share = np.full(len(losses), rows.outcome.mean())
    numbers = {
        "holdout_rows": float(len(losses)),
        "different_holdout_rows": float(different),
        "roc_auc": _roc_auc(rows.outcome, challenger),
        "log_loss": float(losses.mean()),
        "log_loss_of_base_rate": float(log_loss_of_rows(rows.outcome, share).mean()),
    }
    passed = Decision(
        promote=True,
        rule="first champion",
        reason="it passed the floors and there is no champion",
        numbers=numbers,
        limits=limits.as_numbers(),
    )
    if different < limits.min_holdout_rows:
        least = limits.min_holdout_rows
        reason = f"the holdout has {different} different rows, at least {least} are needed to judge"
        return _held(passed, "floor: holdout rows", reason, "upload more rows, lower min_holdout_rows")
    # `not >=`: a NaN passes no floor.
    if not numbers["roc_auc"] >= limits.min_roc_auc:
        reason = f"ROC AUC {numbers['roc_auc']:.3f} is below {limits.min_roc_auc:.3f}"
        mend = "upload more rows or columns that tell more, lower min_roc_auc if this table is a hard one"
        return _held(passed, "floor: ROC AUC", reason, mend)
    if not numbers["log_loss"] < numbers["log_loss_of_base_rate"]:
        reason = f"log loss {numbers['log_loss']:.3f} is no better than always saying the base rate"
        return _held(passed, "floor: base rate", reason, "upload more rows or columns that tell more")
    return passed


def _judge_against(
    alone: Decision, rows: Rows, losses: Probabilities, champion: Rival, limits: Limits
) -> Decision:
    """The decision on a challenger that passed the floors, against the champion."""
    theirs = log_loss_of_rows(rows.outcome, champion.probability)
    every = {"all": np.ones(len(losses), dtype=bool)}
    worse = paired_bootstrap(losses, theirs, rows.twins, every)["all"]
    numbers = alone.numbers | {
        "roc_auc_of_champion": _roc_auc(rows.outcome, champion.probability),
        "log_loss_of_champion": float(theirs.mean()),
        "worse_by": worse.value,
        "worse_by_at_least": worse.low,
        "worse_by_at_most": worse.high,
    }
    compared = Decision(
        promote=True,
        rule="non-inferiority",
        reason=f"log loss is at most {worse.high:.3f} nats worse than the champion's on the holdout",
        champion=champion.version,
        numbers=numbers,
        slices=_compare_slices(rows, losses, theirs),
        limits=alone.limits,
    )
    return _judge_whole(compared, len(losses), limits) or _judge_slices(compared, limits) or compared


def _judge_whole(compared: Decision, rows: int, limits: Limits) -> Decision | None:
    """The objection to a challenger that was compared with the champion on all rows; None without any."""
    numbers = compared.numbers
    on_rows = f"than the champion's on the same {rows} rows"
    least, most = numbers["worse_by_at_least"], numbers["worse_by_at_most"]
    if numbers["roc_auc_of_champion"] < COIN:
        auc = numbers["roc_auc_of_champion"]
        reason = (
            f"the dataset contradicts the champion, whose ROC AUC on it is {auc:.3f}: are its labels right?"
        )
        return _held(compared, "contradiction", reason, "check the labels")
    if not most <= limits.margin:
        reason = f"log loss may be {most:.3f} nats worse {on_rows}; at most {limits.margin:.3f} may be"
        return _held(compared, "non-inferiority", reason, "upload more rows, raise margin")
    if least > 0:
        reason = f"log loss is {least:.3f} to {most:.3f} nats worse {on_rows}"
        return _held(compared, "proven worse", reason, "upload rows that tell more")
    return None


def _judge_slices(compared: Decision, limits: Limits) -> Decision | None:
    """The objection of the first slice in which the challenger is worse; None without any."""
    for name, found in compared.slices.items():
        if found["worse_by"] > limits.slice_margin and found.get("worse_by_at_least", 0) > 0:
            reason = (
                f"for {name} log loss is {found['worse_by']:.3f} nats worse than the champion's "
                f"({found['rows']:.0f} rows); at most {limits.slice_margin:.3f} may be"
            )
            return _held(compared, f"slice: {name}", reason, "upload more such rows, raise slice_margin")
    return None


def _compare_slices(rows: Rows, losses: Probabilities, theirs: Probabilities) -> dict[str, dict[str, float]]:
    """Log loss of both models in each slice; with an interval where there are rows enough for one."""
    found = {
        name: {
            "rows": float(group.sum()),
            "log_loss": float(losses[group].mean()),
            "log_loss_of_champion": float(theirs[group].mean()),
            "worse_by": float((losses - theirs)[group].mean()),
        }
        for name, group in rows.groups.items()
    }
    judged = {name: group for name, group in rows.groups.items() if distinct(rows.twins[group]) >= MIN_ROWS}
    intervals = paired_bootstrap(losses, theirs, rows.twins, judged) if judged else {}
    for name, interval in intervals.items():
        found[name] |= {"worse_by_at_least": interval.low, "worse_by_at_most": interval.high}
    return found


def _roc_auc(outcome: Labels, probability: Probabilities) -> float:
    """NaN where a probability is NaN: there is no order of the rows then."""
    if np.isnan(probability).any():
        return float("nan")
    return metrics_of(outcome, probability)["roc_auc"]


def _held(decision: Decision, rule: str, reason: str, mend: str) -> Decision:
    """The decision to hold a challenger back. mend: what helps, other than force."""
    said = f"{reason}; {mend}, {_BY_HAND}"
    return decision.model_copy(update={"promote": False, "rule": rule, "reason": said})
