"""What a model is judged on and by, and the floors, which need no champion to compare with."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from functions.core.base.settings import PREFIX, setting
from functions.core.registry.manifest import Decision
from functions.core.schema.schema import Schema
from functions.core.stats.metrics import log_loss_of_rows, metrics_of
from training.gate.bootstrap import MIN_ROWS, distinct
from training.model.evaluation import Probabilities, members
from training.table.matrix import HOLDOUT_SHARE, Labels, Mask, Matrix, copies

_BY_HAND = (
    "or promote it by hand, with force (make models MODEL=... ARGS='promote VERSION --force --reason "
    "...', or POST /models/{model}/versions/{version}/promote)"
)


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
    max_labelled_share: float = setting(
        0.3, ge=0, le=1, description="share of held-out rows labelled by keys that may not promote"
    )

    def as_numbers(self) -> dict[str, float]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Rows:
    """The held-out rows that a challenger is judged on, none of which either model was fitted on.

    outcome: int64 [N], both outcomes among them; twins: a number for each row, [N], the same for copies
    (`training.table.matrix.copies`); groups: bool [N] for each group of each slice
    (`training.model.evaluation.members`); vouched: bool [N], the rows that are vouched for
    (`training.table.labellers`).
    """

    outcome: Labels
    twins: npt.NDArray[np.intp]
    groups: Mapping[str, Mask]
    vouched: Mask

    @classmethod
    def of(cls, matrix: Matrix, outcome: Labels, schema: Schema, vouched: Mask | None = None) -> Self:
        """vouched: None where all rows are."""
        if vouched is None:
            vouched = np.ones(len(outcome), dtype=np.bool_)
        return cls(outcome, copies(matrix), members(matrix, schema), vouched)

    def those_vouched_for(self) -> "Rows":
        return replace(
            self,
            outcome=self.outcome[self.vouched],
            twins=np.unique(self.twins[self.vouched], return_inverse=True)[1],
            groups={name: group[self.vouched] for name, group in self.groups.items()},
            vouched=self.vouched[self.vouched],
        )


@dataclass(frozen=True, slots=True)
class Rival:
    """The champion, say: its version, and its probabilities of the same rows, float [N]."""

    version: str
    probability: Probabilities


def judge_alone(rows: Rows, challenger: Probabilities, losses: Probabilities, limits: Limits) -> Decision:
    """The floors, which need no champion."""
    different = distinct(rows.twins)
    share = np.full(len(losses), rows.outcome.mean())
    numbers = {
        "holdout_rows": float(len(losses)),
        "different_holdout_rows": float(different),
        "roc_auc": roc_auc(rows.outcome, challenger),
        "log_loss": float(losses.mean()),
        "log_loss_of_base_rate": float(log_loss_of_rows(rows.outcome, share).mean()),
    }
    # A NaN is no figure to record: `reason` says it.
    recorded = {name: value for name, value in numbers.items() if np.isfinite(value)}
    passed = Decision(
        promote=True,
        rule="first champion",
        reason="it passed the floors and there is no champion",
        numbers=recorded,
        limits=limits.as_numbers(),
    )
    if different < limits.min_holdout_rows:
        least = limits.min_holdout_rows
        reason = f"the holdout has {different} different rows, at least {least} are needed to judge"
        total = round(least / HOLDOUT_SHARE)
        mend = (
            f"upload more rows, of which one in five is held out: about {total} in all; lower "
            f"{setting_of('min_holdout_rows')}"
        )
        return hold_back(passed, "floor: holdout rows", reason, mend)
    # `not >=`: a NaN passes no floor.
    if not numbers["roc_auc"] >= limits.min_roc_auc:
        reached, least_auc = told_apart(numbers["roc_auc"], limits.min_roc_auc)
        reason = f"ROC AUC {reached} is below {least_auc}"
        mend = (
            "upload more rows or columns that tell more, lower "
            f"{setting_of('min_roc_auc')} if this table is a hard one"
        )
        return hold_back(passed, "floor: ROC AUC", reason, mend)
    if not numbers["log_loss"] < numbers["log_loss_of_base_rate"]:
        reason = f"log loss {numbers['log_loss']:.3f} is no better than always saying the base rate"
        return hold_back(passed, "floor: base rate", reason, "upload more rows or columns that tell more")
    return passed


def told_apart(value: float, limit: float) -> tuple[str, str]:
    """Both with three decimals, or as many as it takes to see that they differ: 0.6998 is below 0.7000."""
    # A double has seventeen digits at the most.
    decimals = next(n for n in range(3, 18) if f"{value:.{n}f}" != f"{limit:.{n}f}" or n == 17)
    return f"{value:.{decimals}f}", f"{limit:.{decimals}f}"


def roc_auc(outcome: Labels, probability: Probabilities) -> float:
    """NaN where a probability is NaN: there is no order of the rows then."""
    if np.isnan(probability).any():
        return float("nan")
    return metrics_of(outcome, probability)["roc_auc"]


def setting_of(limit: str) -> str:
    """What a limit is called where it is set."""
    return f"{PREFIX}{limit.upper()}"


def in_words(nats: float) -> str:
    """What a difference of log loss means, for who has never met a nat."""
    return f"what happened was given a chance {1 - np.exp(-nats):.1%} lower, on average"


def hold_back(decision: Decision, rule: str, reason: str, mend: str) -> Decision:
    """The decision to hold a challenger back. mend: what helps, other than force."""
    explained = f"{reason}; {mend}, {_BY_HAND}"
    return decision.model_copy(update={"promote": False, "rule": rule, "reason": explained})
