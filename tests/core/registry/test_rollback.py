"""Going back: to the champion before, or to a version that is named."""

import pytest

from functions.core.base.errors import (
    Conflict,
    NoChampion,
    NotFound,
    UnusableModel,
)
from functions.core.registry import deletion, deployment, history
from functions.core.registry.keys import CHAMPION, manifest_key, model_key
from functions.core.storage.view import ModelStore
from tests.support.versions import champion, promote, publish, rollback


def test_a_rollback_brings_the_champion_before_back_and_says_who_and_why(store: ModelStore) -> None:
    promote(store, "a", "b")
    found = rollback(store)
    assert (found.version, found.previous, found.sequence) == ("a", "b", 3)
    assert (found.by, found.reason) == ("ann", "complaints")
    assert found.abandoned == {"b": "complaints"}
    assert found == champion(store)


def test_each_rollback_goes_further_back_and_none_to_an_abandoned_version(store: ModelStore) -> None:
    promote(store, "a", "b", "c", "d")
    assert [rollback(store).version for _ in range(3)] == ["c", "b", "a"]
    assert set(champion(store).abandoned) == {"b", "c", "d"}
    before = store.get(CHAMPION)
    with pytest.raises(NotFound, match="name a version"):
        rollback(store)
    assert store.get(CHAMPION) == before


def test_a_rollback_passes_over_versions_that_are_deleted(store: ModelStore) -> None:
    promote(store, "a", "b", "c", "d")
    deletion.delete(store, "b", by="ann")
    assert [rollback(store).version for _ in range(2)] == ["c", "a"]


def test_a_rollback_to_a_named_version_need_not_be_to_a_former_champion(store: ModelStore) -> None:
    promote(store, "a", "b")
    publish(store, "never")
    assert rollback(store, "never").version == "never"
    # Named, an abandoned one comes back too, and is abandoned no more.
    found = rollback(store, "b")
    assert (found.version, found.abandoned) == ("b", {"never": "complaints"})


def test_a_rollback_past_others_marks_them_and_the_next_goes_further_back(store: ModelStore) -> None:
    promote(store, "a", "b", "c", "d")
    assert rollback(store, "b").abandoned == {"c": "complaints", "d": "complaints"}
    assert rollback(store).version == "a"
    with pytest.raises(NotFound):
        rollback(store)
    # What was abandoned before keeps its reason.
    promote(store, "e")
    found = deployment.rollback(store, to="c", by="ann", reason="other complaints")
    assert found.abandoned == {"d": "complaints", "b": "complaints"} | dict.fromkeys("ae", "other complaints")


def test_a_rollback_finds_its_target_in_the_pages_too(
    store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "MAX_KEPT", 4)
    promote(store, *"abcdefgh")
    assert rollback(store, "b").abandoned.keys() == set("cdefgh")
    assert rollback(store).version == "a"


def test_a_damaged_page_keeps_nobody_from_leaving_a_bad_model(
    store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "MAX_KEPT", 4)
    promote(store, *"abcdef")
    store.put(f"{history.HISTORY}00000001.json", b"{")
    assert [rollback(store).version for _ in range(3)] == ["e", "d", "c"]
    with pytest.raises(UnusableModel, match=r"00000001\.json is damaged"):
        rollback(store)
    assert rollback(store, "a").abandoned.keys() == set("cdef")


def test_what_cannot_be_gone_back_to_changes_nothing(store: ModelStore) -> None:
    with pytest.raises(NoChampion):
        rollback(store)
    promote(store, "a", "b")
    before = store.get(CHAMPION)
    with pytest.raises(NotFound):
        rollback(store, "nowhere")
    with pytest.raises(Conflict, match="in service already"):
        rollback(store, "b")
    store.put(model_key("a"), b"junk")
    with pytest.raises(Conflict, match="checksum; name another version"):
        rollback(store)
    store.delete(model_key("a"))
    with pytest.raises(Conflict, match="no model"):
        rollback(store, "a")
    store.put(manifest_key("a"), b"{")
    with pytest.raises(Conflict, match="manifest of version a has been changed since"):
        rollback(store, "a")
    assert store.get(CHAMPION) == before
