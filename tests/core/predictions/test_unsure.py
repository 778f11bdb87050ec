"""Who does not know: kept beside the labels, and none of them."""

import pytest

from functions.core.base.ids import new_ids
from functions.core.predictions.labels import day_of, read_labels
from functions.core.predictions.unsure import read_unsure, record_unsure
from functions.core.storage.view import ModelStore


def test_who_does_not_know_is_told_by_key_and_is_no_label(store: ModelStore) -> None:
    first, second = new_ids(2)
    assert record_unsure(store, first, key_id="a11ce000", request_id="", note="ask Bob")[1]
    assert not record_unsure(store, first, key_id="a11ce000", request_id="")[1]
    assert record_unsure(store, first, key_id="a11ce000", request_id="", source="alice")[1]
    assert record_unsure(store, first, key_id="b0b00000", request_id="")[1]
    days = {day_of(first), day_of(second)}
    assert read_unsure(store, days) == {first: {"a11ce000", "b0b00000"}}
    assert read_labels(store, days) == {}


def test_what_was_put_there_by_hand_is_passed_over_and_logged(
    store: ModelStore, capsys: pytest.CaptureFixture[str]
) -> None:
    [id_] = new_ids(1)
    store.put(f"feedback/unsure/dt={day_of(id_)}/notes.txt", b"")
    store.put(f"feedback/unsure/dt=2001-01-01/{id_}/a.json", b"")
    assert read_unsure(store, [day_of(id_)]) == {}
    assert "passed over" in capsys.readouterr().out
