"""What the gate says: what was compared, with what result, what to do, in words that need no other."""

import re

import numpy as np
import pytest

from functions.core.registry.manifest import Decision
from tests.training.gate.test_rules import Holdout, bent
from tests.training.gate.test_vouched import Labelled
from training.gate.rules import Limits
from training.gate.sentences import newer_upload, refused_on_vouched_rows, told_apart, too_few_shared_rows

# Words of this project, and of statistics outside brackets, that nobody who only labels has to know.
_JARGON = re.compile(
    r"\b(floors?|champion|challenger|holdout|held.?out|nats?|base rate|margin|non-inferior)\b"
)


def _outside_brackets(sentence: str) -> str:
    return re.sub(r"\([^)]*\)", "", sentence)


@pytest.fixture(scope="module")
def refusals() -> dict[str, Decision]:
    """A decision against a version by each rule of the gate."""
    rows, few, many, grouped = Holdout(), Holdout(40), Holdout(20_000), Holdout(2_000)
    third = grouped.matrix[:, 0] == 3
    labelled, weak = Labelled(1_000, 200), Labelled(1_000, 900, false=False)
    learned = np.where(labelled.vouched, 0.7 * labelled.chances + 0.15, 1 - labelled.chances)
    by_many, hardly = Labelled(1_000, 400, false=False), Labelled(1_000, 960, false=False)
    return {
        "few rows": few.judge(few.chances),
        "weak": rows.judge(1 - rows.chances),
        "no numbers": rows.judge(np.full(400, np.nan)),
        "constant": rows.judge(rows.chances * 1e-4),
        "may be worse": rows.judge(np.clip(rows.chances * 0.6 + 0.2, 0, 1), rows.chances),
        "worse": many.judge(bent(many.chances, 0.3), many.chances),
        "contradiction": rows.judge(rows.chances, 1 - rows.chances),
        "group": grouped.judge(
            np.where(third, bent(grouped.chances, 1.2), grouped.chances),
            np.where(third, grouped.chances, bent(grouped.chances, 1.2, seed=1)),
        ),
        "vouched": labelled.decide(learned, labelled.chances),
        "vouched and weak": weak.decide(np.where(weak.vouched, 1 - weak.chances, weak.chances), None),
        "hardly vouched": hardly.decide(hardly.chances, None),
        "labelled": by_many.decide(by_many.chances, by_many.chances),
    }


@pytest.mark.parametrize(
    ("case", "compared", "result", "mend"),
    [
        ("few rows", "the rows are too few", "40 different ones", "Upload more rows, about 250 in all"),
        ("weak", "of two rows that ended differently", "% of all pairs", "or columns that tell more"),
        ("no numbers", "some of its probabilities", "are no numbers", "Mend what computes them"),
        ("constant", "giving every row the same", "no better than", "or columns that tell more"),
        ("may be worse", "than version old, which is in service", "% lower on average", "surer"),
        ("worse", "on the same 20,000 rows", "% lower on average", "or columns that tell more"),
        ("contradiction", "contradict version old", "wrong one in", "yes and no may have changed places"),
        ("group", "for rows with pclass=3", "% lower on average", "Upload more such rows"),
        ("vouched", "on the 800 rows", "labels of other keys contradict", "Check the labels"),
        ("vouched and weak", "on the 100 rows", "of all pairs", "Check the labels"),
        ("hardly vouched", "of the rows kept out", "only 40", "Check the labels"),
        ("labelled", "the rows that it was judged by", "40%", "Check the labels"),
    ],
)
def test_every_refusal_says_what_was_compared_with_what_result_and_what_to_do(
    refusals: dict[str, Decision], case: str, compared: str, result: str, mend: str
) -> None:
    held = refusals[case]
    assert not held.promote
    finding, _, rest = held.reason.partition(". ")
    assert compared in finding
    assert result in finding
    assert mend in rest
    assert "put it into service all the same (page Models, Promote" in rest


def test_no_sentence_uses_a_word_that_its_reader_would_have_to_look_up(refusals: dict[str, Decision]) -> None:
    said = [decision.reason for decision in refusals.values()]
    said += [str(newer_upload("old")), str(too_few_shared_rows(12, 50, "old"))]
    rows = Holdout()
    said += [rows.judge(rows.chances).reason, rows.judge(rows.chances, rows.chances).reason]
    assert [one for one in said if _JARGON.search(_outside_brackets(one))] == []


@pytest.mark.parametrize(
    ("case", "limit"),
    [
        ("few rows", "MIN_HOLDOUT_ROWS"),
        ("weak", "MIN_ROC_AUC"),
        ("may be worse", "MARGIN"),
        ("group", "SLICE_MARGIN"),
        ("vouched", "MARGIN"),
        ("vouched and weak", "MIN_ROC_AUC"),
        ("labelled", "MAX_LABELLED_SHARE"),
    ],
)
def test_a_limit_that_was_missed_is_named_as_it_is_set(
    refusals: dict[str, Decision], case: str, limit: str
) -> None:
    assert f"change the limit (LIFEBOAT_{limit}), or put it" in refusals[case].reason


def test_a_version_that_passes_says_what_it_was_compared_with() -> None:
    rows = Holdout()
    alone, equal = rows.judge(rows.chances), rows.judge(rows.chances, rows.chances)
    better = rows.judge(rows.chances, np.clip(rows.chances * 0.6 + 0.2, 0, 1))
    assert alone.reason == (
        "it is good enough by itself, and no other version is in service to compare it with"
    )
    assert equal.reason == (
        "it is not worse than version old, which was in service: on the same 400 rows, which neither had "
        "learned from, it gave what really happened the same chance on average, by all that so many rows can "
        "tell no lower; up to 3.0% lower is let through"
    )
    assert re.search(
        r"a chance [\d.]+% higher on average, by all that .* at least [\d.]+% higher", better.reason
    )


def test_a_limit_that_is_missed_by_a_hair_is_said_with_as_many_decimals_as_that_takes() -> None:
    rows = Holdout()
    reached = rows.judge(rows.chances).numbers["roc_auc"]
    held = rows.judge(rows.chances, limits=Limits(min_roc_auc=reached + 1e-5))
    assert f"(ROC AUC {reached:.5f}, at least {reached + 1e-5:.5f} is asked for)" in held.reason
    assert told_apart(0.5, 0.7) == ("0.500", "0.700")
    assert told_apart(float("nan"), 0.7) == ("nan", "0.700")


def test_a_refusal_on_some_of_the_rows_has_one_way_out() -> None:
    few = too_few_shared_rows(12, 50, "old")
    said = str(refused_on_vouched_rows(60, few))
    assert few.finding in said
    assert said.count("put it into service all the same") == 1
