"""Ids of predictions: they carry their time, and do not repeat."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from functions.core.base.ids import new_ids, time_of


def test_ids_carry_their_time_and_do_not_repeat() -> None:
    made = [*new_ids(500), *new_ids(500)]
    assert len(set(made)) == 1000
    uuids = [UUID(one) for one in made]
    assert {(one.version, one.variant) for one in uuids} == {(7, UUID(int=0x8 << 60).variant)}
    assert [str(one) for one in uuids] == made
    assert abs(time_of(made[0]) - datetime.now(UTC)) < timedelta(seconds=60)
    # Each of the 74 random bits is drawn: in a thousand ids it is set in some and not in others.
    varied = 0
    for one in uuids:
        varied |= one.int ^ uuids[0].int
    assert varied & ~(0xFFFF << 76) & (1 << 62) - 1 == (1 << 62) - 1
    assert varied >> 64 & 0xFFF == 0xFFF


def test_what_is_no_id_has_no_time() -> None:
    for text in ("", "x", "2c5ea4c0-4067-11e9-8bad-9b1deb4d3b7d"):
        with pytest.raises(ValueError, match="UUID"):
            time_of(text)
