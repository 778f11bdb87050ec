"""What the gate asks besides where nobody vouches for some of the rows (`training.table.labellers`).

Labels by keys that may only label are learned from, and among the rows that judge. Without more, such a key
could replace the champion: false labels on both sides make a model that is the better one by its own holdout.
So on the rows that are vouched for, a challenger must pass the floors, and be non-inferior by the same margin
to the champion, and to the model of the uploaded dataset alone: however many steps there are, they lead no
further than one. Nothing tells a world that has changed from labels that are false but who says so. Where
labels contradict the vouched rows, and where they are a large share of the holdout, a person decides.
"""

from collections.abc import Mapping

import numpy as np

from functions.core.registry.manifest import Decision
from functions.core.stats.metrics import log_loss_of_rows
from training.gate.bootstrap import distinct, paired_bootstrap
from training.gate.floors import Limits, Rival, Rows, hold_back, judge_alone
from training.gate.sentences import (
    contradicts_vouched_rows,
    labelled_by_many,
    refused_on_vouched_rows,
    too_few_vouched_rows,
)
from training.model.evaluation import Probabilities


def judge_on_vouched(
    passed: Decision,
    rows: Rows,
    challenger: Probabilities,
    rivals: Mapping[str, Rival | None],
    limits: Limits,
) -> Decision:
    """The decision on a challenger that passed all else, though some rows are not vouched for.

    challenger: its probabilities of the rows, float [N]; rivals: as the numbers are to name them.
    """
    vouched, chances = rows.those_vouched_for(), challenger[rows.vouched]
    losses = log_loss_of_rows(vouched.outcome, chances)
    if (different := distinct(vouched.twins)) < limits.min_holdout_rows:
        refusal = too_few_vouched_rows(different, limits.min_holdout_rows)
        return hold_back(passed, "vouched rows", refusal)
    alone, objection = judge_alone(vouched, chances, losses, limits)
    share = float(np.mean(~rows.vouched))
    numbers = {f"vouched_{name}": number for name, number in alone.numbers.items()} | {
        "labelled_share": share
    }
    decision = passed.model_copy(update={"numbers": passed.numbers | numbers})
    if objection:
        return hold_back(decision, "vouched rows", refused_on_vouched_rows(len(losses), objection))
    for name, rival in rivals.items():
        if rival is None:
            continue
        rival_losses = log_loss_of_rows(vouched.outcome, rival.probability[rows.vouched])
        worse = paired_bootstrap(losses, rival_losses, vouched.twins, {"all": vouched.vouched})["all"]
        numbers_of_rival = {
            f"vouched_worse_than_{name}": worse.value,
            f"vouched_worse_than_{name}_at_most": worse.high,
        }
        decision = decision.model_copy(update={"numbers": decision.numbers | numbers_of_rival})
        if not worse.high <= limits.margin:
            refusal = contradicts_vouched_rows(len(losses), worse.high, rival.version, limits.margin)
            return hold_back(decision, "vouched rows", refusal)
    if share > limits.max_labelled_share:
        return hold_back(decision, "labelled rows", labelled_by_many(share, limits.max_labelled_share))
    return decision
