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
from functions.core.registry import deletion, deployment, history
from functions.core.registry.deployment import Champion
from functions.core.registry.keys import CHAMPION, manifest_key, model_key
from functions.core.registry.manifest import Decision
from functions.core.storage.folder import FolderStore
from functions.core.storage.view import ModelStore
from tests.support.titanic import MODEL
from tests.support.versions import NOON, champion, promote, publish


def rollback(store: ModelStore, to: str | None = None) -> Champion:
    return deployment.rollback(store, to=to, by="ann", reason="complaints")


def by_hand(store: ModelStore, version: str, *, force: bool = False) -> Champion:
    return deployment.promote_by_hand(store, version, by="ann", reason="we know better", force=force)


def judged_against(version: str) -> Decision:
    return Decision(promote=True, rule="non-inferiority", reason="not worse", champion=version)


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
        "held": r"held version held back \(floor: ROC AUC\): ROC AUC is low",
        "other": "judged against a, in service is b",
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


def test_the_history_is_whole_beyond_what_the_champion_keeps(store: ModelStore) -> None:
    publish(store, "even")
    publish(store, "odd")
    for number in range(1, 261):
        promote(store, "odd" if number % 2 else "even")
    found = list(deployment.history(store))
    assert [one.sequence for one in found] == list(range(260, 0, -1))
    assert all((one.version == "odd") == bool(one.sequence % 2) for one in found)
    assert len(champion(store).history) <= history.MAX_KEPT
    assert [one.sequence for one in deployment.history(store, before=140)] == list(range(139, 0, -1))
    assert list(deployment.history(store, before=1)) == []


def test_of_two_who_write_the_same_page_both_go_on(store: ModelStore) -> None:
    publish(store, "even")
    publish(store, "odd")
    for number in range(1, history.MAX_KEPT + 1):
        promote(store, "odd" if number % 2 else "even")
    expected = deployment.read_to_replace(store)
    # Who lost the race has written the page before it was told.
    deployment.promote(store, "odd", expected=expected, by="test", reason="")
    publish(store, "late")
    with pytest.raises(Conflict):
        deployment.promote(store, "late", expected=expected, by="test", reason="")
    sequences = [one.sequence for one in deployment.history(store)]
    assert sequences == list(range(history.MAX_KEPT + 1, 0, -1))


def test_a_damaged_page_of_the_history_is_named(store: ModelStore) -> None:
    promote(store, "a")
    store.put(f"{history.HISTORY}00000000.json", b"{")
    with pytest.raises(UnusableModel, match=r"registry/history/00000000\.json is damaged"):
        list(deployment.history(store))


def test_what_else_lies_beside_the_pages_is_passed_over(store: ModelStore) -> None:
    for name in ("", "notes.txt", "x.json", "1.json", "backup/00000001.json"):
        if name:
            store.put(f"{history.HISTORY}{name}", b"not a page")
    promote(store, "a", "b")
    assert [one.version for one in deployment.history(store)] == ["b", "a"]
    store.put(CHAMPION, b"{")
    assert by_hand(store, "a").sequence == history.MAX_KEPT + 1


# A record deleted before there was a page leaves nothing that could tell of it: numbers begin anew.
@pytest.mark.parametrize(
    ("lost", "promotions"),
    [("damaged", 3), pytest.param("damaged", 120, marks=pytest.mark.long), ("deleted", 120)],
)
def test_no_number_is_given_twice_though_the_record_was_lost(
    store: ModelStore, lost: str, promotions: int
) -> None:
    publish(store, "even")
    publish(store, "odd")
    given: list[int] = []
    for _ in range(3):
        given += [promote(store, "odd" if number % 2 else "even").sequence for number in range(promotions)]
        if lost == "damaged":
            store.put(CHAMPION, b"{")
        else:
            store.delete(CHAMPION)
    assert given == sorted(set(given))


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
