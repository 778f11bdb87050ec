"""Changes of the list: keys are added and revoked, and no state of the past gets in the way."""

from dataclasses import replace
from pathlib import Path

import pytest

from functions.core.base.errors import Conflict, NotFound, UnusableKeys
from functions.core.identity.key_list import add, all_keys, revoke
from functions.core.identity.keys import make_key, write_keys
from functions.core.storage.parameter import Change, Parameter
from tests.support.keys import DAY, NOW, new_key


def test_an_id_that_is_taken_is_not_given_again(parameter: Parameter) -> None:
    _, key = new_key(parameter)
    with pytest.raises(Conflict, match="try again"):
        add(parameter, replace(key, sha256="1" * 64), NOW)
    assert all_keys(parameter)[key.id] == key


def test_a_revoked_key_stays_revoked_from_when_it_was(parameter: Parameter) -> None:
    _, key = new_key(parameter, created=NOW)
    assert revoke(parameter, key.id, NOW + DAY).revoked == NOW + DAY
    assert revoke(parameter, key.id, NOW + 2 * DAY).revoked == NOW + DAY
    with pytest.raises(NotFound, match="no key 00000000"):
        revoke(parameter, "00000000", NOW)


class Versions:
    """A parameter that hands out all the states it was given, as SSM's history does."""

    def __init__(self, *texts: str) -> None:
        self.texts = list(texts)

    def read(self) -> str:
        return self.texts[-1]

    def update(self, change: Change) -> None:
        self.texts.append(change(self.texts))


def test_a_damaged_state_of_the_past_does_not_hold_up_a_change_but_that_of_the_present_does() -> None:
    _, old = make_key(["predict"], "old", NOW)
    _, new = make_key(["predict"], "new", NOW)
    mended = Versions("{", write_keys({old.id: old}, NOW))
    add(mended, new, NOW)
    assert set(all_keys(mended)) == {old.id, new.id}
    damaged = Versions(write_keys({old.id: old}, NOW), "{")
    with pytest.raises(UnusableKeys):
        add(damaged, new, NOW)


def test_bytes_that_are_no_text_are_damage(parameter: Parameter, place: Path) -> None:
    place.parent.mkdir()
    place.write_bytes(b"\xff\xfe")
    with pytest.raises(UnusableKeys):
        all_keys(parameter)
