"""The passengers of the drift demo: real ones again, and those of a ship on which the old are saved."""

from functions.core.schema.rows import RowReader
from functions.local.story.voyages import Traveller, other_ship, same_ship
from tests.support.titanic import SCHEMA, TABLE

READER = RowReader(SCHEMA)


def survivors(travellers: list[Traveller]) -> float:
    return sum(one.survived for one in travellers) / len(travellers)


def test_the_same_ship_has_the_datasets_passengers_and_outcomes() -> None:
    drawn = same_ship(TABLE, 2_000, seed=1)
    assert abs(survivors(drawn) - 500 / 1309) < 0.03
    assert same_ship(TABLE, 2_000, seed=1) == drawn != same_ship(TABLE, 2_000, seed=2)
    for one in drawn[:100]:
        assert not READER.read(one.passenger).faults


def test_on_the_other_ship_everybody_is_older_and_the_old_survive() -> None:
    drawn = other_ship(TABLE, 2_000, seed=1)
    ages = [one.passenger["age"] for one in drawn if one.passenger["age"] is not None]
    assert min(ages) > 25
    old = [one for one in drawn if (one.passenger["age"] or 0) >= 50]
    assert len(old) > 500
    assert abs(survivors(old) - 0.9) < 0.04
    # The unknown ages stay unknown, and those passengers fare as they did.
    unknown = [one for one in drawn if one.passenger["age"] is None]
    assert 0.2 < survivors(unknown) < 0.35
    for one in drawn[:100]:
        assert not READER.read(one.passenger).faults
