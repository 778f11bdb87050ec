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
from training.gate.floors import Limits, Rival, Rows, hold_back, in_words, judge_alone, setting_of, told_apart
from training.model.evaluation import Probabilities

_WHERE = "on the {rows} held-out rows that were uploaded, or labelled with an admin key,"
_MEND = (
    "check the labels; report the true ones with an admin key, which vouches for them, or upload them with a "
    "dataset"
)


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
        least = limits.min_holdout_rows
        reason = f"{different} different rows that are vouched for are held out, {least} are needed to judge"
        return hold_back(passed, "vouched rows", reason, _MEND)
    alone = judge_alone(vouched, chances, losses, limits)
    share = float(np.mean(~rows.vouched))
    numbers = {f"vouched_{name}": number for name, number in alone.numbers.items()} | {
        "labelled_share": share
    }
    decision = passed.model_copy(update={"numbers": passed.numbers | numbers})
    where = _WHERE.format(rows=len(losses))
    if not alone.promote:
        return hold_back(decision, "vouched rows", f"{where} it does not pass: {alone.reason}", _MEND)
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
            shown, limit = told_apart(worse.high, limits.margin)
            reason = (
                f"{where} log loss may be {shown} nats worse than that of version {rival.version} "
                f"({in_words(worse.high)}); at most {limit} may be. The labels of other keys "
                "contradict these rows"
            )
            return hold_back(decision, "vouched rows", reason, _MEND)
    if share > limits.max_labelled_share:
        reason = (
            f"every other rule is passed, but {share:.0%} of the held-out rows stand there because keys "
            f"labelled them that may not promote; with more than {limits.max_labelled_share:.0%} "
            f"({setting_of('max_labelled_share')}) a person decides"
        )
        return hold_back(decision, "labelled rows", reason, _MEND)
    return decision
