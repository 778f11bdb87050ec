"""The gate: which rule stops which model, and the statistics behind it."""

from dataclasses import fields

import numpy as np
import numpy.typing as npt
import pytest

from functions.core.base.settings import parse
from functions.core.registry.manifest import Decision
from functions.core.stats.metrics import log_loss_of_rows
from tests.support.titanic import SCHEMA
from training.estimators.candidates import candidates
from training.estimators.gaps import fit
from training.gate.bootstrap import MAX_GROUPS, paired_bootstrap
from training.gate.expectations import surprises
from training.gate.rules import Limits, Rival, Rows, judge
from training.model.evaluation import probabilities
from training.model.train import Trained
from training.proof.export import export
from training.table.dataset import Dataset

Floats = npt.NDArray[np.float64]


class Holdout:
    """Rows of the Titanic's schema whose probabilities are known, of both sexes and all classes."""

    def __init__(self, rows: int = 400) -> None:
        draw = np.random.default_rng(1)
        self.matrix = np.zeros((rows, 8), dtype=np.float32)
        self.matrix[:, 0] = 1 + np.arange(rows) % 3
        self.matrix[:, 1] = np.arange(rows) % 2
        # No row is there twice.
        self.matrix[:, 5] = np.arange(rows)
        self.chances = draw.random(rows)
        self.outcome = (draw.random(rows) < self.chances).astype(np.int64)

    def judge(
        self, challenger: Floats, champion: Floats | None = None, limits: Limits | None = None
    ) -> Decision:
        against = None if champion is None else Rival("old", champion)
        rows = Rows.of(self.matrix, self.outcome, SCHEMA)
        return judge(rows, challenger, against, limits or Limits())


def bent(chances: Floats, by: float, seed: int = 0) -> Floats:
    """The same chances with independent errors: normal noise in their log-odds."""
    odds = np.log(chances / (1 - chances)) + by * np.random.default_rng(seed).normal(size=len(chances))
    bent_chances: Floats = 1 / (1 + np.exp(-odds))
    return bent_chances


def test_a_good_first_model_passes() -> None:
    rows = Holdout()
    found = rows.judge(rows.chances)
    assert (found.promote, found.rule, found.champion) == (True, "first champion", None)
    assert found.limits == Limits().as_numbers()


def test_the_floor_that_stopped_a_model_is_named() -> None:
    rows, few = Holdout(), Holdout(40)
    assert few.judge(few.chances).rule == "floor: holdout rows"
    assert rows.judge(1 - rows.chances).rule == "floor: ROC AUC"
    assert rows.judge(rows.chances * 1e-4).rule == "floor: base rate"
    assert rows.judge(np.full(400, np.nan)).rule == "floor: ROC AUC"
    assert not rows.judge(rows.chances, limits=Limits(min_roc_auc=0.99)).promote
    for stopped in (rows.judge(1 - rows.chances), rows.judge(1 - rows.chances, rows.chances)):
        assert not stopped.promote
        assert stopped.numbers["roc_auc"] < stopped.limits["min_roc_auc"]


def test_a_model_is_compared_on_the_same_rows() -> None:
    rows = Holdout()
    worse = np.clip(rows.chances * 0.6 + 0.2, 0, 1)
    equal = rows.judge(rows.chances, rows.chances)
    assert (equal.promote, equal.rule, equal.champion) == (True, "non-inferiority", "old")
    held = rows.judge(worse, rows.chances)
    assert (held.promote, held.rule) == (False, "non-inferiority")
    assert held.numbers["worse_by_at_most"] > held.limits["margin"]
    assert held.numbers["worse_by"] == pytest.approx(
        held.numbers["log_loss"] - held.numbers["log_loss_of_champion"]
    )
    assert rows.judge(rows.chances, worse).promote


def test_a_model_shown_to_be_a_little_worse_is_held_back_on_many_rows() -> None:
    rows = Holdout(20_000)
    held = rows.judge(bent(rows.chances, 0.3), rows.chances)
    assert 0 < held.numbers["worse_by_at_least"] < held.numbers["worse_by_at_most"] < held.limits["margin"]
    assert (held.promote, held.rule) == (False, "proven worse")


def test_a_champion_that_a_dataset_contradicts_is_not_replaced_by_itself() -> None:
    rows = Holdout()
    held = rows.judge(rows.chances, 1 - rows.chances)
    assert (held.promote, held.rule) == (False, "contradiction")
    assert held.numbers["roc_auc_of_champion"] < 0.5


def test_a_model_that_fails_one_class_is_held_back_though_better_on_the_whole() -> None:
    rows = Holdout(2_000)
    third = rows.matrix[:, 0] == 3
    challenger = np.where(third, bent(rows.chances, 1.2), rows.chances)
    champion = np.where(third, rows.chances, bent(rows.chances, 1.2, seed=1))
    held = rows.judge(challenger, champion)
    assert held.numbers["worse_by_at_most"] < 0
    assert (held.promote, held.rule) == (False, "slice: pclass=3")
    assert held.slices["pclass=3"]["worse_by"] > held.limits["slice_margin"]
    assert set(held.slices) == {"sex=male", "sex=female", "pclass=1", "pclass=2", "pclass=3"}
    assert rows.judge(challenger, champion, Limits(slice_margin=0.9)).promote


def test_a_slice_of_few_rows_is_recorded_but_not_judged() -> None:
    rows = Holdout()
    rows.matrix[:, 0] = 1
    rows.matrix[:20, 0] = 2
    challenger = np.where(rows.matrix[:, 0] == 2, 1 - rows.chances, rows.chances)
    found = rows.judge(challenger, bent(rows.chances, 1.2))
    assert found.promote
    assert found.slices["pclass=2"]["rows"] == 20
    assert found.slices["pclass=2"]["worse_by"] > found.limits["slice_margin"]
    assert "worse_by_at_least" not in found.slices["pclass=2"]
    assert "pclass=3" not in found.slices


def test_limits_that_make_no_sense_are_refused() -> None:
    known = {limit.name: limit for limit in fields(Limits)}
    for name, wrong in (("min_roc_auc", "0.4"), ("margin", "-0.1"), ("min_holdout_rows", "10")):
        with pytest.raises(ValueError, match="is wanted, at least"):
            parse(known[name], wrong)


def test_the_bootstrap_asks_for_pairs_and_for_rows() -> None:
    every, twins = np.ones(40, dtype=bool), np.arange(40)
    with pytest.raises(ValueError, match="30 or more"):
        paired_bootstrap(np.zeros(40), np.zeros(40), twins, {"few": np.arange(40) < 29})
    with pytest.raises(ValueError, match="30 or more"):
        paired_bootstrap(np.zeros(40), np.zeros(40), twins // 2, {"all": every})
    with pytest.raises(ValueError, match="same"):
        paired_bootstrap(np.zeros(40), np.zeros(41), twins, {"all": every})


def test_copies_make_no_interval_narrower() -> None:
    draw = np.random.default_rng(5)
    loss, zeros, every = draw.normal(0.1, 1, 300), np.zeros(300), np.ones(300, dtype=bool)
    once = paired_bootstrap(loss, zeros, np.arange(300), {"all": every})["all"]
    tenfold = paired_bootstrap(
        loss.repeat(10), zeros.repeat(10), np.arange(300).repeat(10), {"all": every.repeat(10)}
    )["all"]
    assert tenfold.value == pytest.approx(once.value)
    assert (tenfold.low, tenfold.high) == pytest.approx((once.low, once.high), rel=1e-3)


def test_a_holdout_of_copies_is_not_enough_to_judge_by() -> None:
    rows = Holdout(40)
    copied = Rows.of(rows.matrix.repeat(30, axis=0), rows.outcome.repeat(30), SCHEMA)
    found = judge(copied, rows.chances.repeat(30), None, Limits())
    assert (found.promote, found.rule) == (False, "floor: holdout rows")
    assert (found.numbers["holdout_rows"], found.numbers["different_holdout_rows"]) == (1200, 40)


@pytest.mark.parametrize("rows", [500, 3 * MAX_GROUPS + 7])
def test_an_interval_is_as_wide_as_theory_says(rows: int) -> None:
    # The mean of many rows is normal: its 95 % interval is 1.96 standard errors to either side.
    draw = np.random.default_rng(3)
    loss, every = draw.normal(0.1, 1, rows), np.ones(rows, dtype=bool)
    found = paired_bootstrap(loss, np.zeros(rows), np.arange(rows), {"all": every})["all"]
    error = loss.std() / np.sqrt(rows)
    assert found.value == pytest.approx(loss.mean())
    assert found.low == pytest.approx(loss.mean() - 1.96 * error, abs=0.2 * error)
    assert found.high == pytest.approx(loss.mean() + 1.96 * error, abs=0.2 * error)
    parts = {"a": np.arange(rows) % 2 == 0, "b": every}
    halves = paired_bootstrap(loss, np.zeros(rows), np.arange(rows), parts)
    # Two intervals that shall hold together: 2.24 standard errors each.
    assert halves["b"].high == pytest.approx(loss.mean() + 2.24 * error, abs=0.25 * error)
    assert halves["a"].value == pytest.approx(loss[::2].mean())


def test_the_same_rows_give_the_same_interval_again() -> None:
    rows = Holdout()
    first, second = (rows.judge(bent(rows.chances, 0.1), rows.chances) for _ in range(2))
    assert first == second


def test_a_sane_model_meets_the_expectations_of_its_schema(trained: Trained) -> None:
    assert surprises(trained.model, SCHEMA) == []


def test_a_model_of_inverted_labels_is_good_by_its_own_holdout_and_surprises(titanic: Dataset) -> None:
    matrix, outcome = titanic.train
    models = candidates(SCHEMA.features, len(matrix))
    model = export(fit(models["logistic regression"], matrix, 1 - outcome, SCHEMA.features), SCHEMA)
    judged, outcomes = titanic.judged
    chances = probabilities(model, judged, SCHEMA)
    assert log_loss_of_rows(1 - outcomes, chances).mean() < 0.5
    found = surprises(model, SCHEMA)
    assert len(found) == 3
    because = "a woman of the third class is likelier to survive than a man of it"
    assert found[2] == f"expected: {because}; the model says otherwise"
    held = judge(Rows.of(judged, 1 - outcomes, SCHEMA), chances, None, Limits(), surprises=found)
    assert (held.promote, held.rule) == (False, "floor: expectations")
    assert found[0] in held.reason
    assert "Check the labels of the rows; or, if you know better, put it into service" in held.reason
