"""Promotions at the same moment, from different processes, over a real S3 protocol."""

import pytest

from tests.bench.races import embedded_store, faults, race

pytestmark = pytest.mark.long


def test_of_many_promotions_at_once_one_wins_and_the_others_are_told() -> None:
    with embedded_store() as store:
        attempts = race(processes=8, rounds=4)
        assert faults(store, attempts, rounds=4) == []
    assert len(attempts) == 32
    told = [attempt.told for attempt in attempts if attempt.told]
    assert len(told) == 28
    assert all("somebody else changed the champion first" in one for one in told)
