"""Whether a challenger may take the champion's place."""

from dataclasses import dataclass

import numpy as np

from functions.core.manifest import Decision, Interval
from training.dataset import Labels
from training.evaluation import METRICS, Probabilities, log_loss_rows


@dataclass(frozen=True, slots=True)
class Floors:
    """What no model in service may fall below, and how much worse than the champion one may be.

    holdout_rows: rows to judge by; roc_auc: 0.5 to 1; margin: nats of log loss.
    """

    holdout_rows: int = 50
    roc_auc: float = 0.7
    margin: float = 0.03


def paired_bootstrap(
    loss_a: Probabilities, loss_b: Probabilities, *, draws: int = 2_000, seed: int = 0
) -> Interval:
    """95 % interval of mean(loss_a - loss_b) over rows, resampled in pairs.

    loss_a, loss_b: per-row log loss in nats, shape [N], the same rows in the same order.
    Percentile method, Efron & Tibshirani (1993), ch. 13.
    Raises `ValueError` when the shapes differ or N < 30.
    """
    if loss_a.shape != loss_b.shape or len(loss_a) < 30:
        raise ValueError(
            f"two losses of the same 30 or more rows are needed, got {loss_a.shape}, {loss_b.shape}"
        )
    difference = loss_a - loss_b
    draw = np.random.default_rng(seed)
    means = [difference[draw.integers(len(difference), size=len(difference))].mean() for _ in range(draws)]
    low, high = np.percentile(means, [2.5, 97.5])
    return Interval(value=float(difference.mean()), low=float(low), high=float(high))


def judge(
    survived: Labels,
    challenger: Probabilities,
    champion: tuple[str, Probabilities] | None,
    floors: Floors | None = None,
) -> Decision:
    """Judge a challenger on the holdout: absolute floors, then non-inferiority to the champion.

    survived, challenger and the champion's probabilities: shape [N], the same rows, none of which either
    model was fitted on. `champion` is its version and its probabilities, None when there is no champion.
    """
    floors = floors or Floors()
    name = champion[0] if champion else None
    losses = log_loss_rows(survived, challenger)
    share = np.full(len(survived), survived.mean())
    numbers = {
        "holdout_rows": float(len(survived)),
        "roc_auc": METRICS["roc_auc"](survived, challenger),
        "log_loss": float(losses.mean()),
        "log_loss_of_base_rate": float(log_loss_rows(survived, share).mean()),
    }

    def decide(promote: bool, rule: str, reason: str) -> Decision:
        return Decision(promote=promote, rule=rule, reason=reason, champion=name, numbers=numbers)

    if len(survived) < floors.holdout_rows:
        reason = f"the holdout has {len(survived)} rows, at least {floors.holdout_rows} are needed to judge"
        return decide(False, "floor: holdout rows", reason)
    if numbers["roc_auc"] < floors.roc_auc:
        return decide(
            False, "floor: ROC AUC", f"ROC AUC {numbers['roc_auc']:.3f} is below {floors.roc_auc:.3f}"
        )
    if numbers["log_loss"] >= numbers["log_loss_of_base_rate"]:
        reason = f"log loss {numbers['log_loss']:.3f} is no better than always saying the base rate"
        return decide(False, "floor: base rate", reason)
    if champion is None:
        return decide(True, "first champion", "it passed the floors and there is no champion")
    draws = 2_000 if len(survived) <= 20_000 else 200
    worse = paired_bootstrap(losses, log_loss_rows(survived, champion[1]), draws=draws)
    numbers |= {
        "log_loss_worse_by": worse.value,
        "log_loss_worse_by_at_most": worse.high,
        "margin": floors.margin,
    }
    if worse.high > floors.margin:
        reason = (
            f"log loss may be up to {worse.high:.3f} nats worse than the champion's on the same "
            f"{len(survived)} rows; at most {floors.margin:.3f} may be"
        )
        return decide(False, "non-inferiority", reason)
    reason = f"log loss is at most {worse.high:.3f} nats worse than the champion's on the holdout"
    return decide(True, "non-inferiority", reason)
