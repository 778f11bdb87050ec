"""Labels in the store: which of several counts, and what their names say of who said so."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.core.base.ids import new_ids
from functions.core.predictions import labels
from functions.core.predictions.labels import Label, day_of, read_labels
from functions.core.storage.contract import Entry
from functions.core.storage.view import ModelStore
from tests.support.production import ids_of

# As `core.identity.tokens` puts the names of people, at most.
PERSON = "user:ada lovelace+1@example.com"
LONGEST = f"user:{'a' * 123}"


def say(store: ModelStore, id_: str, outcome: bool, **who: Any) -> bool:
    """Whether it is a new label."""
    known = {"source": "alice", "key_id": "5f3a91c2", "request_id": ""}
    return labels.record(store, id_, outcome=outcome, **known | who)[1]


def said(store: ModelStore, id_: str) -> list[Label]:
    return read_labels(store, [day_of(id_)])[id_]


def test_the_label_of_a_feedback_key_does_not_take_the_place_of_an_administrators(store: ModelStore) -> None:
    [id_] = new_ids(1)
    say(store, id_, False, source="thief", key_id="bad")
    say(store, id_, True, key_id="ops", vouched=True)
    # Later, and even under the same name.
    say(store, id_, False, source="thief2", key_id="bad")
    say(store, id_, False, key_id="bad")
    counts = said(store, id_)[-1]
    assert (counts.outcome, counts.source, counts.vouched) == (True, "ops/alice", True)
    assert len(said(store, id_)) == 4
    # An administrator's is replaced by another one.
    assert say(store, id_, False, source="bob", key_id="root", vouched=True)
    assert (said(store, id_)[-1].outcome, said(store, id_)[-1].source) == (False, "root/bob")
    assert [label.number for label in said(store, id_)] == [1, 3, 4, 2, 5]


def test_to_repeat_a_label_with_an_admin_key_vouches_for_it_once(store: ModelStore) -> None:
    [id_] = new_ids(1)
    assert say(store, id_, True)
    assert say(store, id_, True, key_id="another")
    assert say(store, id_, True, key_id="ops", vouched=True)
    assert not say(store, id_, True, key_id="ops", vouched=True)
    assert not say(store, id_, True)
    assert [label.vouched for label in said(store, id_)] == [False, False, True]


@pytest.mark.parametrize(
    "key_id",
    ["5f3a91c2", "user:alice@example.com", "user:1%2F2%7Evouched", "user:ä.json", PERSON, LONGEST],
)
def test_whatever_a_key_is_called_its_name_comes_back_and_vouches_for_nothing(
    store: ModelStore, key_id: str
) -> None:
    [id_] = new_ids(1)
    say(store, id_, True, key_id=key_id)
    [label] = said(store, id_)
    assert (label.key_id, label.vouched, label.source) == (key_id, False, f"{key_id}/alice")


@pytest.mark.parametrize("person", [PERSON, LONGEST])
def test_a_person_counts_as_one_whatever_name_they_give(store: ModelStore, person: str) -> None:
    [id_] = new_ids(1)
    say(store, id_, True, key_id=person, source=None)
    say(store, id_, False, key_id=person, source="bob", vouched=True)
    assert [(label.source, label.key_id) for label in said(store, id_)] == [
        (person, person),
        (f"{person}/bob", person),
    ]


def test_what_an_earlier_release_wrote_is_a_label_that_nobody_vouches_for(store: ModelStore) -> None:
    [id_] = new_ids(1)
    store.put(f"feedback/dt={day_of(id_)}/{id_}/000001-1-alice.json", b"{}")
    [label] = said(store, id_)
    assert (label.outcome, label.source, label.key_id, label.vouched) == (True, "alice", "alice", False)


def noted(store: ModelStore, id_: str) -> list[tuple[bool, str]]:
    return [(label.outcome, labels.read_note(store, label)) for label in said(store, id_)]


@pytest.mark.parametrize("vouched", [False, True])
@pytest.mark.parametrize("source", [None, "alice"])
def test_a_note_stands_in_the_labels_object_and_its_name_says_so(
    store: ModelStore, source: str | None, vouched: bool
) -> None:
    [id_] = new_ids(1)
    assert say(store, id_, True, source=source, vouched=vouched, note="she called <us>\nat noon")
    assert noted(store, id_) == [(True, "she called <us>\nat noon")]
    [label] = said(store, id_)
    assert (label.key_id, label.vouched, label.noted) == ("5f3a91c2", vouched, 1)
    assert label.key.endswith("~noted.json")


def test_a_note_that_comes_later_is_the_one_of_the_same_label(store: ModelStore) -> None:
    [id_] = new_ids(1)
    assert say(store, id_, True)
    assert not say(store, id_, True)
    assert say(store, id_, True, note="first")
    assert not say(store, id_, True, note="first")
    assert not say(store, id_, True)
    assert say(store, id_, True, note="second")
    assert noted(store, id_) == [(True, "second")]
    assert say(store, id_, False)
    assert noted(store, id_) == [(True, "second"), (False, "")]


def test_a_note_that_cannot_be_read_is_left_out_and_logged(
    store: ModelStore, capsys: pytest.CaptureFixture[str]
) -> None:
    [id_] = new_ids(1)
    say(store, id_, True, note="one")
    [label] = said(store, id_)
    store.put(label.key, b"{}")
    assert noted(store, id_) == [(True, "")]
    assert "the note of a label cannot be read" in capsys.readouterr().out


def test_labels_of_many_days_are_read_in_a_listing_of_each_month(
    store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = datetime(2026, 11, 20, tzinfo=UTC)
    of_day = {
        (last - timedelta(days=back)).date(): ids_of(1, last - timedelta(days=back))[0] for back in range(60)
    }
    for id_ in of_day.values():
        say(store, id_, True)
    # What is no label of a day stands beside them.
    store.put("feedback/dt=2026-11-1", b"")
    listed: list[str] = []
    list_ = store.list

    def noting(prefix: str) -> Iterator[Entry]:
        listed.append(prefix)
        return list_(prefix)

    monkeypatch.setattr(store, "list", noting)
    for days in (1, 5, 29, 60):
        listed.clear()
        wanted = [*of_day][:days]
        assert set(read_labels(store, wanted)) == {of_day[day] for day in wanted}
        assert len(listed) == {1: 1, 5: 5, 29: 2, 60: 3}[days]
