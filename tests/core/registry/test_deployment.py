"""Promotion, by hand and by the gate, rollback and history: what each does, and what each refuses."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from functions.core.base.errors import (
    Conflict,
    NoChampion,
    NotFound,
    StoreUnavailable,
    UnusableModel,
)
from functions.core.registry import deployment
from functions.core.registry.keys import CHAMPION, manifest_key, model_key
from functions.core.registry.manifest import Decision
from functions.core.storage.folder import FolderStore
from functions.core.storage.view import ModelStore
from tests.support.titanic import MODEL
from tests.support.versions import NOON, by_hand, champion, judged_against, promote, publish, rollback


def test_a_person_may_promote_what_the_gate_let_pass(store: ModelStore) -> None:
    publish(store, "a")
    assert by_hand(store, "a").version == "a"
    publish(store, "b", decision=judged_against("a"))
    found = by_hand(store, "b")
    assert (found.version, found.previous, found.by, found.reason) == ("b", "a", "ann", "we know better")


def test_a_promotion_by_hand_needs_force_against_each_objection(store: ModelStore) -> None:
    promote(store, "a", "b", "c")
    rollback(store)
    held = Decision(promote=False, rule="floor: ROC AUC", reason="ROC AUC is low", champion="b")
    publish(store, "held", decision=held)
    publish(store, "other", decision=judged_against("a"))
    publish(store, "older", decision=judged_against("b"), at=NOON - timedelta(days=1))
    objections = {
        "held": "the gate kept version held out of service: ROC AUC is low",
        "other": "judged against a, and in service is b",
        "older": "uploaded later",
        "c": r"was abandoned \(complaints\)",
    }
    before = store.get(CHAMPION)
    for version, objection in objections.items():
        with pytest.raises(Conflict, match=f"{objection}.*; force promotes it all the same"):
            by_hand(store, version)
    assert store.get(CHAMPION) == before
    for version in objections:
        assert by_hand(store, version, force=True).version == version
    assert "c" not in champion(store).abandoned


def test_force_brings_no_model_into_service_that_cannot_be_had(store: ModelStore) -> None:
    promote(store, "a")
    with pytest.raises(NotFound):
        by_hand(store, "nowhere", force=True)
    publish(store, "b")
    store.put(model_key("b"), b"junk")
    with pytest.raises(Conflict, match="checksum; name another version"):
        by_hand(store, "b", force=True)
    assert champion(store).version == "a"


@pytest.mark.parametrize("force", [False, True])
def test_of_the_champion_it_is_said_first_that_it_is_in_service(store: ModelStore, force: bool) -> None:
    promote(store, "a")
    store.put(model_key("a"), b"junk")
    with pytest.raises(Conflict, match="version a is in service already"):
        by_hand(store, "a", force=force)


class Lossy(ModelStore):
    """Part of a store that loses the answer to a write of the champion, as the next `lose` says.

    "answer": the write takes effect and is made once more, as the SDK does, which meets its own first
    attempt; "all answers": so is the second. "first": somebody else writes before it.
    """

    lose = ""

    def create(self, key: str, body: bytes, *, metadata: Mapping[str, str] | None = None) -> str:
        return self._lossy(key, lambda: ModelStore.create(self, key, body, metadata=metadata))

    def replace(self, key: str, body: bytes, *, etag: str, metadata: Mapping[str, str] | None = None) -> str:
        return self._lossy(key, lambda: ModelStore.replace(self, key, body, etag=etag))

    def _lossy(self, key: str, write: Callable[[], str]) -> str:
        lose, self.lose = (self.lose, "") if key == CHAMPION else ("", self.lose)
        written = write()
        if lose == "answer":
            write()
        if lose == "all answers":
            raise StoreUnavailable("the store could not be reached")
        return written


@pytest.fixture
def lossy(tmp_path: Path) -> Lossy:
    return Lossy(FolderStore(str(tmp_path / "lossy")), MODEL)


@pytest.mark.parametrize("lose", ["answer", "all answers"])
def test_a_change_whose_answer_was_lost_is_told_as_made(lossy: Lossy, lose: str) -> None:
    lossy.lose = lose
    assert promote(lossy, "a").sequence == 1
    promote(lossy, "b", "c")
    lossy.lose = lose
    assert (rollback(lossy).version, champion(lossy).sequence) == ("b", 4)
    lossy.lose = lose
    assert by_hand(lossy, "c", force=True).sequence == 5
    assert [one.version for one in deployment.history(lossy)] == list("cbcba")
    assert lossy.lose == ""


def test_a_change_that_was_not_made_is_not_told_as_made(
    store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    promote(store, "a", "b")

    def away(*_: object, **__: object) -> str:
        raise StoreUnavailable("the store could not be reached")

    with monkeypatch.context() as patch:
        patch.setattr(store, "replace", away)
        with pytest.raises(StoreUnavailable):
            rollback(store)
    expected = deployment.read_champion(store)
    for lost in (b"{", None):
        if lost:
            store.put(CHAMPION, lost)
        else:
            store.delete(CHAMPION)
        with pytest.raises(Conflict):
            deployment.promote(store, "a", expected=expected, by="test", reason="")


def test_a_champion_that_cannot_be_read_makes_no_upload_too_old(store: ModelStore) -> None:
    promote(store, "a")
    store.put(manifest_key("a"), b"{}")
    publish(store, "b", decision=judged_against("a"), at=NOON - timedelta(days=1))
    assert by_hand(store, "b").version == "b"


def test_people_can_put_a_damaged_record_right(store: ModelStore) -> None:
    promote(store, "a", "b")
    publish(store, "c", decision=judged_against("b"))
    for way in ("by hand", "rollback"):
        store.put(CHAMPION, b"{")
        with pytest.raises(UnusableModel):
            deployment.read_champion(store)
        found = by_hand(store, "c") if way == "by hand" else rollback(store, "a")
        assert (found.previous, found.abandoned) == (None, {})
        assert champion(store) == found
        assert [one.version for one in deployment.history(store)] == [found.version]
    store.put(CHAMPION, b"{")
    with pytest.raises(NotFound, match="name a version"):
        rollback(store)


def test_no_champion_and_a_damaged_one_are_told_apart(store: ModelStore) -> None:
    with pytest.raises(NoChampion):
        deployment.read_champion(store)
    store.put(CHAMPION, b"{")
    with pytest.raises(UnusableModel):
        deployment.read_champion(store)


def test_only_a_published_version_can_be_promoted(store: ModelStore) -> None:
    with pytest.raises(NotFound):
        deployment.promote(store, "0" * 16, expected=None, by="test", reason="")
    with pytest.raises(NoChampion):
        deployment.read_champion(store)


def test_promotions_are_counted_and_the_loser_of_a_race_changes_nothing(store: ModelStore) -> None:
    for version in ("one", "two", "three"):
        store.put(manifest_key(version), b"{}")
    deployment.promote(store, "one", expected=None, by="test", reason="first")
    with pytest.raises(Conflict):
        deployment.promote(store, "two", expected=None, by="test", reason="also first")
    expected = deployment.read_champion(store)
    with pytest.raises(Conflict, match="already"):
        deployment.promote(store, "one", expected=expected, by="test", reason="again")
    deployment.promote(store, "two", expected=expected, by="test", reason="better")
    with pytest.raises(Conflict):
        deployment.promote(store, "three", expected=expected, by="test", reason="late")
    champion, _ = deployment.read_champion(store)
    assert (champion.sequence, champion.version, champion.previous) == (2, "two", "one")
    assert [(entry.sequence, entry.version) for entry in champion.history] == [(1, "one"), (2, "two")]
