"""Progress: what is labelled and what is open, and how far annotators agree."""

from datetime import timedelta

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from functions.feedback.progress import kappa
from tests.feedback.bench import NOW, Bench, Call, say


def test_progress_counts_predictions_labels_corrections_and_agreement(call: Call, bench: Bench) -> None:
    ids = bench.predict(*[0.5] * 10)
    alice = [True, True, True, False, False, False]
    bob = [True, True, False, False, False, True]
    call("POST", "/feedback", [say(*one) for one in zip(ids, alice, strict=False)], key="a11ce000")
    call("POST", "/feedback", [say(*one) for one in zip(ids, bob, strict=False)], key="b0b00000")
    # Another name of the same key: neither another one who labels, nor one who agrees.
    call("POST", "/feedback", [say(id_, source="bert") for id_ in ids[:2]], key="b0b00000")
    for survived in (True, False):
        call("POST", "/feedback", say(ids[6], survived, source="carol"))
    # Of another day, and not asked for.
    bench.predict(0.5, at=NOW - timedelta(days=9))
    status, found = call("GET", "/feedback/progress")
    assert status == 200
    [agreement] = found.pop("agreement")
    assert found == {
        "predictions": 10,
        "labelled": 7,
        "open": 3,
        "complete": 7,
        "unsure": 0,
        "rows": 10,
        "labels": 16,
        "corrections": 1,
        "sources": {"a11ce000": 6, "b0b00000": 6, "b0b00000/bert": 2, "5f3a91c2/carol": 1},
        "damaged_lines": 0,
    }
    assert agreement["sources"] == ["a11ce000", "b0b00000"]
    assert agreement["both"] == 6
    assert agreement["raw"] == pytest.approx(4 / 6)
    assert agreement["kappa"] == pytest.approx(1 / 3)


def test_progress_of_nothing_is_nothing(call: Call, bench: Bench) -> None:
    found = call("GET", "/feedback/progress")[1]
    assert (found["predictions"], found["labelled"], found["agreement"]) == (0, 0, [])


@pytest.mark.parametrize("seed", range(8))
def test_kappa_is_scikit_learns(seed: int) -> None:
    random = np.random.default_rng(seed)
    left = random.random(50) < 0.4
    # From no agreement but by chance to nearly full agreement.
    right = np.where(random.random(50) < seed / 8, left, random.random(50) < 0.6)
    assert kappa(list(zip(left.tolist(), right.tolist(), strict=True))) == pytest.approx(
        cohen_kappa_score(left, right)
    )


def test_kappa_is_none_where_chance_would_agree_as_well() -> None:
    assert kappa([(True, True)] * 5) is None
    assert kappa([(True, False)] * 5) == 0
