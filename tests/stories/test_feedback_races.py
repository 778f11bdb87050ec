"""Outcomes reported at the same moment by several clients, over a real S3 protocol."""

import pytest

from tests.bench.feedback import faults, log_predictions, plan, post_all
from tests.bench.races import embedded_store

pytestmark = pytest.mark.long


def test_of_many_outcomes_at_once_none_is_lost_and_the_counts_are_exact() -> None:
    made = plan(posts=320)
    with embedded_store() as store:
        log_predictions(store, made.logged)
        count = post_all(made)
        assert faults(store, made, count) == []
    assert count.told["NOT_FOUND"] == made.unknown == 40
    assert count.told["recorded"] >= 140
