"""Sampling: the weights of what was drawn make up for how it was drawn."""

import pytest

from functions.core.ids import new_ids
from functions.core.predictions import parse_line
from functions.feedback.sampling import choose
from tests.feedback import line


def test_the_weights_of_a_sample_add_up_to_all_predictions() -> None:
    records = [parse_line(line(id_, number / 1000)) for number, id_ in enumerate(new_ids(1000))]
    for size in (4, 10, 100, 999, 1000):
        choices = choose(records, size, share=0.25, salt="x")
        assert len({choice.record.prediction_id for choice in choices}) == size
        assert sum(1 / choice.sampling_probability for choice in choices) == pytest.approx(1000)


def test_weighted_labels_of_a_sample_estimate_what_labels_of_all_would_show() -> None:
    records = [parse_line(line(id_, number / 1000)) for number, id_ in enumerate(new_ids(1000))]
    brier = sum(one.probability * (1 - one.probability) for one in records) / len(records)
    weighted, plain = [], []
    for salt in range(60):
        choices = choose(records, 200, share=0.25, salt=str(salt))
        scores = [one.record.probability * (1 - one.record.probability) for one in choices]
        weights = [1 / choice.sampling_probability for choice in choices]
        weighted.append(sum(map(float.__mul__, weights, scores)) / sum(weights))
        plain.append(sum(scores) / len(scores))
    assert sum(weighted) / len(weighted) == pytest.approx(brier, abs=0.003)
    # Without the weights the model would look worse than it is.
    assert min(plain) > brier + 0.03


@pytest.mark.parametrize(("share", "random"), [(0, 0), (0.25, 5), (0.5, 10), (1, 20)])
def test_the_share_drawn_at_random_is_what_was_asked_for(share: float, random: int) -> None:
    records = [parse_line(line(id_, 0.3)) for id_ in new_ids(40)]
    choices = choose(records, 20, share=share)
    assert sum(choice.chosen == "random" for choice in choices) == random
