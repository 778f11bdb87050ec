"""What a model is judged on and by, and the floors, which need no champion to compare with."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from functions.core.base.settings import setting
from functions.core.registry.manifest import Decision
from functions.core.schema.schema import Schema
from functions.core.stats.metrics import log_loss_of_rows, metrics_of
from training.gate.bootstrap import MIN_ROWS, distinct
from training.gate.sentences import (
    GOOD_ALONE,
    Refusal,
    no_better_than_a_constant,
    too_few_rows,
    too_weak,
)
from training.model.evaluation import Probabilities, members
from training.table.matrix import HOLDOUT_SHARE, Labels, Mask, Matrix, copies


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


def judge_alone(
    rows: Rows, challenger: Probabilities, losses: Probabilities, limits: Limits
) -> tuple[Decision, Refusal | None]:
    """The decision by the floors, which need no champion; and, where it is against, why."""
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
        reason=GOOD_ALONE,
        numbers=recorded,
        limits=limits.as_numbers(),
    )
    missed = _missed(numbers, limits)
    if missed is None:
        return passed, None
    floor, refusal = missed
    return hold_back(passed, f"floor: {floor}", refusal), refusal


def _missed(numbers: Mapping[str, float], limits: Limits) -> tuple[str, Refusal] | None:
    """The first floor that is not reached, and what there is to say of that; None when all are."""
    different, least = round(numbers["different_holdout_rows"]), limits.min_holdout_rows
    if different < least:
        return "holdout rows", too_few_rows(different, least, round(least / HOLDOUT_SHARE))
    # `not >=`: a NaN passes no floor.
    if not numbers["roc_auc"] >= limits.min_roc_auc:
        return "ROC AUC", too_weak(numbers["roc_auc"], limits.min_roc_auc)
    loss, of_base_rate = numbers["log_loss"], numbers["log_loss_of_base_rate"]
    if not loss < of_base_rate:
        return "base rate", no_better_than_a_constant(loss, of_base_rate)
    return None


def roc_auc(outcome: Labels, probability: Probabilities) -> float:
    """NaN where a probability is NaN: there is no order of the rows then."""
    if np.isnan(probability).any():
        return float("nan")
    return metrics_of(outcome, probability)["roc_auc"]


def hold_back(decision: Decision, rule: str, refusal: Refusal) -> Decision:
    """The decision to hold a challenger back."""
    return decision.model_copy(update={"promote": False, "rule": rule, "reason": str(refusal)})
