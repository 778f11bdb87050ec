"""Rows that nobody vouches for: they are learned from, and judge, but they do not decide alone."""

from typing import Any

import numpy as np
import numpy.typing as npt

from functions.core.registry.manifest import Decision
from tests.support.titanic import SCHEMA
from tests.training.gate.test_rules import Holdout, bent
from training.gate.rules import Limits, Rival, Rows, judge

Floats = npt.NDArray[np.float64]


class Labelled(Holdout):
    """A holdout of which the last rows were labelled with a key that may not promote, falsely."""

    def __init__(self, rows: int, labelled: int, *, false: bool = True) -> None:
        super().__init__(rows)
        self.vouched = np.arange(rows) < rows - labelled
        if false:
            self.outcome[~self.vouched] = (self.chances[~self.vouched] < 0.5).astype(np.int64)

    def decide(
        self, challenger: Floats, champion: Floats | None, ancestor: Floats | None = None, **limits: Any
    ) -> Decision:
        rows = Rows.of(self.matrix, self.outcome, SCHEMA, self.vouched)
        rivals = [
            Rival(name, chances)
            for name, chances in (("old", champion), ("first", ancestor))
            if chances is not None
        ]
        by_name = {rival.version: rival for rival in rivals}
        return judge(rows, challenger, by_name.get("old"), Limits(**limits), ancestor=by_name.get("first"))


def test_a_model_that_is_better_by_false_labels_alone_is_held_back() -> None:
    rows = Labelled(1_000, 200)
    learned = np.where(rows.vouched, 0.7 * rows.chances + 0.15, 1 - rows.chances)
    held = rows.decide(learned, rows.chances)
    assert held.numbers["worse_by_at_most"] < 0
    assert (held.promote, held.rule, held.champion) == (False, "vouched rows", "old")
    assert held.numbers["vouched_worse_than_champion_at_most"] > held.limits["margin"]
    assert held.numbers["labelled_share"] == 0.2
    assert "on the 800 rows kept out of its training that were uploaded, or labelled with an" in held.reason
    assert "report the true ones with an admin key" in held.reason
    # With these rows vouched for, the dataset says that the champion is wrong, and it is believed.
    rows.vouched[:] = True
    assert rows.decide(learned, rows.chances).promote


def test_true_labels_of_any_key_lead_to_a_promotion() -> None:
    rows = Labelled(2_000, 300, false=False)
    found = rows.decide(rows.chances, bent(rows.chances, 0.3))
    assert (found.promote, found.rule) == (True, "non-inferiority")
    assert found.numbers["vouched_worse_than_champion"] < 0


def test_many_steps_lead_no_further_than_one() -> None:
    rows = Labelled(2_000, 300, false=False)
    # No worse than the champion, which has come a long way from the model of the uploaded rows.
    champion, challenger = bent(rows.chances, 0.8), bent(rows.chances, 0.79)
    assert rows.decide(challenger, champion).promote
    held = rows.decide(challenger, champion, rows.chances)
    assert (held.promote, held.rule) == (False, "vouched rows")
    assert "it may be worse than version first: by all that so many rows can tell" in held.reason


def test_beyond_a_share_of_labelled_rows_a_person_promotes() -> None:
    rows = Labelled(1_000, 400, false=False)
    held = rows.decide(rows.chances, rows.chances)
    assert (held.promote, held.rule) == (False, "labelled rows")
    assert "40% of the rows that it was judged by were labelled with keys that may not" in held.reason
    assert "with more than 30% a person decides" in held.reason
    assert "change the limit (LIFEBOAT_MAX_LABELLED_SHARE), or put it into service all" in held.reason
    assert rows.decide(rows.chances, rows.chances, max_labelled_share=0.4).promote


def test_the_floors_are_passed_on_the_vouched_rows_too() -> None:
    rows = Labelled(1_000, 900, false=False)
    wrong_where_vouched = np.where(rows.vouched, 1 - rows.chances, rows.chances)
    for champion in (None, wrong_where_vouched):
        held = rows.decide(wrong_where_vouched, champion)
        assert (held.promote, held.rule) == (False, "vouched rows")
        assert "it does not pass: it does not tell the two outcomes apart" in held.reason
    few = Labelled(1_000, 960, false=False).decide(rows.chances, None)
    assert (few.promote, few.rule) == (False, "vouched rows")
    assert "only 40 different ones were uploaded, or labelled with an admin key, and" in few.reason
    none = Labelled(1_000, 1_000, false=False).decide(rows.chances, None)
    assert "only 0 different ones were uploaded" in none.reason
