"""Sampling: hard cases come first, and what is drawn can still stand for all."""

from collections import Counter

import pytest

from functions.core.base.ids import new_ids
from functions.core.predictions.records import parse_line
from functions.feedback.sampling import choose
from tests.support.production import SOMEBODY, logged_line


def test_labels_weighted_by_probability_estimate_what_labels_of_all_would_show() -> None:
    records = [
        parse_line(logged_line(id_, probability=number / 1000)) for number, id_ in enumerate(new_ids(1000))
    ]
    brier = sum(one.probability * (1 - one.probability) for one in records) / len(records)
    weighted, plain = [], []
    for salt in range(60):
        chosen = [one.probability for one, _ in choose(records, 400, share=0.25, salt=str(salt))]
        assert len(set(chosen)) == 400
        scores = [probability * (1 - probability) for probability in chosen]
        # A tenth of all predictions lies in each stratum: each label stands for its share of them.
        labels = Counter(int(probability * 10) for probability in chosen)
        weights = [100 / labels[int(probability * 10)] for probability in chosen]
        assert sum(weights) == pytest.approx(1000)
        weighted.append(sum(map(float.__mul__, weights, scores)) / 1000)
        plain.append(sum(scores) / len(scores))
    assert sum(weighted) / len(weighted) == pytest.approx(brier, abs=0.003)
    # Without the weights the model would look worse than it is.
    assert min(plain) > brier + 0.03


def test_of_one_probability_the_labelled_are_like_the_others() -> None:
    # Women and men by turns, whatever their probability.
    records = [
        parse_line(
            logged_line(
                id_,
                probability=number // 2 / 500,
                features=SOMEBODY | {"sex": "female" if number % 2 else "male"},
            )
        )
        for number, id_ in enumerate(new_ids(1000))
    ]
    for reason, most in (("uncertain", 0.01), ("random", 0.05)):
        chosen = [
            one
            for salt in range(60)
            for one, chosen_for in choose(records, 200, share=0.25, salt=str(salt))
            if chosen_for == reason
        ]
        women = sum(one.features["sex"] == "female" for one in chosen)
        assert abs(women / len(chosen) - 0.5) < most


@pytest.mark.parametrize(("share", "random"), [(0, 0), (0.25, 5), (0.5, 10), (1, 20)])
def test_the_share_drawn_at_random_is_what_was_asked_for(share: float, random: int) -> None:
    records = [parse_line(logged_line(id_, probability=0.3)) for id_ in new_ids(40)]
    choices = choose(records, 20, share=share)
    assert [reason for _, reason in choices].count("random") == random
