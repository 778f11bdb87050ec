"""Whether a challenger may take the champion's place.

Four kinds of rules, the first that objects decides:

1. Floors, which need no champion: enough rows to judge by, ROC AUC, a log loss below that of always saying
   the base rate, and what is known of such rows from elsewhere (`training.gate.expectations`).
2. The champion on the same held-out rows, which neither model was fitted on. Of the difference in mean log
   loss, a 95 % interval by paired bootstrap: its upper end may not pass the margin ("may be too much worse"),
   and its lower end may not lie above zero ("is shown to be worse, by however little"). The first rule
   decides on small holdouts, the second on large ones. Before that, the champion must rank the new rows
   better than a coin does: where it does not, dataset and champion contradict each other, and a person must
   say who is right.
3. Slices: a group of rows, such as one of the schema's categories, in which the challenger's log loss is
   worse by more than the slice margin, and shown to be worse at all. Groups of a holdout are small: in one of
   55 rows chance alone moves the difference by 0.03 nats and more, so that asking each slice for
   non-inferiority would hold back nearly every model. So a slice objects only when the effect is large and
   its interval, at 95 % for all slices together, lies above zero; with fewer than 30 rows it is recorded, not
   judged.
4. Rows that nobody vouches for, because a key labelled them that may only label: on the others alone, the
   floors and non-inferiority once more, and a person decides where they are many (`training.gate.vouched`).

Copies of a row are no evidence of their own: wherever rows are counted as enough, or drawn, they are
different ones (`training.gate.bootstrap`).

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

A chain of uploads whose models are promoted, each a little worse than the last within the margin, is bounded
by the floors only: `python -m training models compare` sets any two versions side by side.
"""

from collections.abc import Sequence

import numpy as np

from functions.core.registry.manifest import Decision
from functions.core.stats.metrics import log_loss_of_rows
from training.gate.bootstrap import MIN_ROWS, distinct, paired_bootstrap
from training.gate.floors import Limits, Rival, Rows, hold_back, judge_alone, roc_auc
from training.gate.sentences import (
    against_the_champion,
    against_what_is_known,
    is_worse,
    may_be_worse,
    no_worse,
    worse_for_a_group,
)
from training.gate.vouched import judge_on_vouched
from training.model.evaluation import Probabilities

__all__ = ["Limits", "Rival", "Rows", "judge"]

COIN = 0.5


def judge(
    rows: Rows,
    challenger: Probabilities,
    champion: Rival | None,
    limits: Limits,
    *,
    surprises: Sequence[str] = (),
    ancestor: Rival | None = None,
) -> Decision:
    """Judge a challenger on the holdout. challenger: its probabilities of the rows, float [N].

    `champion` is None when there is no champion to compare with; `surprises` are the expectations that the
    challenger does not meet. ancestor: of a dataset that was made of labels, the model of the rows with which
    it begins.
    """
    losses = log_loss_of_rows(rows.outcome, challenger)
    decision, _ = judge_alone(rows, challenger, losses, limits)
    if decision.promote and surprises:
        decision = hold_back(decision, "floor: expectations", against_what_is_known("; ".join(surprises)))
    if champion and decision.promote:
        decision = _judge_against(decision, rows, losses, champion, limits)
    if decision.promote and not rows.vouched.all():
        rivals = {"champion": champion, "uploaded": ancestor}
        decision = judge_on_vouched(decision, rows, challenger, rivals, limits)
    return decision.model_copy(update={"champion": champion.version if champion else None})


def _judge_against(
    alone: Decision, rows: Rows, losses: Probabilities, champion: Rival, limits: Limits
) -> Decision:
    """The decision on a challenger that passed the floors, against the champion."""
    champion_losses = log_loss_of_rows(rows.outcome, champion.probability)
    every = {"all": np.ones(len(losses), dtype=bool)}
    worse = paired_bootstrap(losses, champion_losses, rows.twins, every)["all"]
    numbers = alone.numbers | {
        "roc_auc_of_champion": roc_auc(rows.outcome, champion.probability),
        "log_loss_of_champion": float(champion_losses.mean()),
        "worse_by": worse.value,
        "worse_by_at_least": worse.low,
        "worse_by_at_most": worse.high,
    }
    compared = Decision(
        promote=True,
        rule="non-inferiority",
        reason=no_worse(numbers, champion.version, limits.margin),
        champion=champion.version,
        numbers=numbers,
        slices=_compare_slices(rows, losses, champion_losses),
        limits=alone.limits,
    )
    version = champion.version
    return _judge_whole(compared, version, limits) or _judge_slices(compared, version, limits) or compared


def _judge_whole(compared: Decision, champion: str, limits: Limits) -> Decision | None:
    """The objection to a challenger that was compared with the champion on all rows; None without any."""
    numbers = compared.numbers
    if numbers["roc_auc_of_champion"] < COIN:
        refusal = against_the_champion(numbers["roc_auc_of_champion"], champion)
        return hold_back(compared, "contradiction", refusal)
    if not numbers["worse_by_at_most"] <= limits.margin:
        return hold_back(compared, "non-inferiority", may_be_worse(numbers, champion, limits.margin))
    if numbers["worse_by_at_least"] > 0:
        return hold_back(compared, "proven worse", is_worse(numbers, champion))
    return None


def _judge_slices(compared: Decision, champion: str, limits: Limits) -> Decision | None:
    """The objection of the first slice in which the challenger is worse; None without any."""
    for name, figures in compared.slices.items():
        if figures["worse_by"] > limits.slice_margin and figures.get("worse_by_at_least", 0) > 0:
            refusal = worse_for_a_group(name, figures, champion, limits.slice_margin)
            return hold_back(compared, f"slice: {name}", refusal)
    return None


def _compare_slices(
    rows: Rows, losses: Probabilities, champion_losses: Probabilities
) -> dict[str, dict[str, float]]:
    """Log loss of both models in each slice; with an interval where there are rows enough for one."""
    compared = {
        name: {
            "rows": float(group.sum()),
            "log_loss": float(losses[group].mean()),
            "log_loss_of_champion": float(champion_losses[group].mean()),
            "worse_by": float((losses - champion_losses)[group].mean()),
        }
        for name, group in rows.groups.items()
    }
    judged = {name: group for name, group in rows.groups.items() if distinct(rows.twins[group]) >= MIN_ROWS}
    intervals = paired_bootstrap(losses, champion_losses, rows.twins, judged) if judged else {}
    for name, interval in intervals.items():
        compared[name] |= {"worse_by_at_least": interval.low, "worse_by_at_most": interval.high}
    return compared
