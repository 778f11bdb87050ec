"""Promotion by hand, rollback, deletion and history: what each does, and what each refuses."""

from datetime import timedelta

import pytest

from functions.core import promotion, registry
from functions.core.errors import Conflict, NoChampion, NotFound, UnusableModel
from functions.core.folder_store import FolderStore
from functions.core.manifest import Decision
from functions.core.promotion import Champion
from functions.core.store import Store
from tests.versions import NOON, publish


def promote(store: Store, *versions: str) -> Champion:
    """Put each of `versions` into service in turn; they are published where they are not."""
    for version in versions:
        if version not in registry.published(store):
            publish(store, version)
        over = promotion.read_to_replace(store)
        promotion.promote(store, version, over=over, by="test", reason=f"{version} is better")
    return champion(store)


def champion(store: Store) -> Champion:
    return promotion.read_champion(store)[0]


def rollback(store: Store, to: str | None = None) -> Champion:
    return promotion.rollback(store, to=to, by="ann", reason="complaints")


def by_hand(store: Store, version: str, *, force: bool = False) -> Champion:
    return promotion.promote_by_hand(store, version, by="ann", reason="we know better", force=force)


def judged_against(version: str) -> Decision:
    return Decision(promote=True, rule="non-inferiority", reason="not worse", champion=version)


def test_a_rollback_brings_the_champion_before_back_and_says_who_and_why(store: Store) -> None:
    promote(store, "a", "b")
    found = rollback(store)
    assert (found.version, found.previous, found.sequence) == ("a", "b", 3)
    assert (found.by, found.reason) == ("ann", "complaints")
    assert found.abandoned == {"b": "complaints"}
    assert found == champion(store)


def test_each_rollback_goes_further_back_and_none_to_an_abandoned_version(store: Store) -> None:
    promote(store, "a", "b", "c", "d")
    assert [rollback(store).version for _ in range(3)] == ["c", "b", "a"]
    assert set(champion(store).abandoned) == {"b", "c", "d"}
    before = store.get(promotion.CHAMPION)
    with pytest.raises(NotFound, match="name a version"):
        rollback(store)
    assert store.get(promotion.CHAMPION) == before


def test_a_rollback_passes_over_versions_that_are_deleted(store: Store) -> None:
    promote(store, "a", "b", "c", "d")
    promotion.delete(store, "b", by="ann")
    assert [rollback(store).version for _ in range(2)] == ["c", "a"]


def test_a_rollback_to_a_named_version_need_not_be_to_a_former_champion(store: Store) -> None:
    promote(store, "a", "b")
    publish(store, "never")
    assert rollback(store, "never").version == "never"
    # Named, an abandoned one comes back too, and is abandoned no more.
    found = rollback(store, "b")
    assert (found.version, found.abandoned) == ("b", {"never": "complaints"})


def test_what_cannot_be_gone_back_to_changes_nothing(store: Store) -> None:
    with pytest.raises(NoChampion):
        rollback(store)
    promote(store, "a", "b")
    before = store.get(promotion.CHAMPION)
    with pytest.raises(NotFound):
        rollback(store, "nowhere")
    with pytest.raises(Conflict, match="in service already"):
        rollback(store, "b")
    store.put(registry.model_key("a"), b"junk")
    with pytest.raises(UnusableModel, match="checksum"):
        rollback(store)
    store.delete(registry.model_key("a"))
    with pytest.raises(UnusableModel, match="no model"):
        rollback(store)
    assert store.get(promotion.CHAMPION) == before


def test_a_person_may_promote_what_the_gate_let_pass(store: Store) -> None:
    publish(store, "a")
    assert by_hand(store, "a").version == "a"
    publish(store, "b", decision=judged_against("a"))
    found = by_hand(store, "b")
    assert (found.version, found.previous, found.by, found.reason) == ("b", "a", "ann", "we know better")


def test_a_promotion_by_hand_needs_force_against_each_objection(store: Store) -> None:
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
    before = store.get(promotion.CHAMPION)
    for version, objection in objections.items():
        with pytest.raises(Conflict, match=f"{objection}.*; force promotes it all the same"):
            by_hand(store, version)
    assert store.get(promotion.CHAMPION) == before
    for version in objections:
        assert by_hand(store, version, force=True).version == version
    assert "c" not in champion(store).abandoned


def test_force_brings_no_model_into_service_that_cannot_be_had(store: Store) -> None:
    promote(store, "a")
    with pytest.raises(NotFound):
        by_hand(store, "nowhere", force=True)
    publish(store, "b")
    store.put(registry.model_key("b"), b"junk")
    with pytest.raises(UnusableModel):
        by_hand(store, "b", force=True)
    assert champion(store).version == "a"


def test_a_champion_that_cannot_be_read_makes_no_upload_too_old(store: Store) -> None:
    promote(store, "a")
    store.put(registry.manifest_key("a"), b"{}")
    publish(store, "b", decision=judged_against("a"), at=NOON - timedelta(days=1))
    assert by_hand(store, "b").version == "b"


def test_a_deleted_version_is_gone_and_marked(store: Store) -> None:
    promote(store, "a", "b", "c")
    promotion.delete(store, "a", by="ann")
    assert set(registry.published(store)) == {"b", "c"}
    assert [entry.key for entry in store.list("models/a/")] == []
    assert champion(store).abandoned == {"a": "deleted by ann"}
    with pytest.raises(NotFound):
        promotion.delete(store, "a", by="ann")


def test_neither_the_champion_nor_its_predecessor_can_be_deleted(store: Store) -> None:
    promote(store, "a", "b", "c")
    with pytest.raises(Conflict, match="in service and"):
        promotion.delete(store, "c", by="ann")
    with pytest.raises(Conflict, match="rollback would go back to"):
        promotion.delete(store, "b", by="ann")
    assert set(registry.published(store)) == {"a", "b", "c"}


def test_without_a_champion_every_version_can_be_deleted(store: Store) -> None:
    publish(store, "a")
    promotion.delete(store, "a", by="ann")
    assert list(registry.published(store)) == []


def test_who_judged_before_a_deletion_cannot_promote_after_it(store: Store) -> None:
    promote(store, "a", "b", "c")
    judged = promotion.read_champion(store)
    promotion.delete(store, "a", by="ann")
    for version in ("a", "d"):
        publish(store, version)
        with pytest.raises(Conflict):
            promotion.promote(store, version, over=judged, by="test", reason="")


class Interrupted(FolderStore):
    """A store in which somebody else is promoted at the moment that a manifest is deleted."""

    rival = ""

    def delete(self, key: str) -> None:
        if key.endswith("manifest.json") and (rival := self.rival):
            self.rival = ""
            promotion.promote(
                self, rival, over=promotion.read_champion(self), by="rival", reason="at the same moment"
            )
        super().delete(key)


def test_a_version_promoted_while_it_is_deleted_stays(tmp_path: object) -> None:
    store = Interrupted(f"{tmp_path}/store")
    promote(store, "a", "b", "c")
    store.rival = "a"
    with pytest.raises(Conflict, match="in service and cannot be deleted"):
        promotion.delete(store, "a", by="ann")
    found = champion(store)
    assert found.version == "a"
    assert registry.read_model(store, registry.read_manifest(store, "a"))


def test_the_history_is_whole_beyond_what_the_champion_keeps(store: Store) -> None:
    publish(store, "even")
    publish(store, "odd")
    for number in range(1, 261):
        promote(store, "odd" if number % 2 else "even")
    found = list(promotion.history(store))
    assert [one.sequence for one in found] == list(range(260, 0, -1))
    assert all((one.version == "odd") == bool(one.sequence % 2) for one in found)
    assert len(champion(store).history) <= promotion.MOST_KEPT
    assert [one.sequence for one in promotion.history(store, before=140)] == list(range(139, 0, -1))
    assert list(promotion.history(store, before=1)) == []


def test_of_two_who_write_the_same_page_both_go_on(store: Store) -> None:
    publish(store, "even")
    publish(store, "odd")
    for number in range(1, promotion.MOST_KEPT + 1):
        promote(store, "odd" if number % 2 else "even")
    over = promotion.read_to_replace(store)
    # Who lost the race has written the page before it was told.
    promotion.promote(store, "odd", over=over, by="test", reason="")
    publish(store, "late")
    with pytest.raises(Conflict):
        promotion.promote(store, "late", over=over, by="test", reason="")
    sequences = [one.sequence for one in promotion.history(store)]
    assert sequences == list(range(promotion.MOST_KEPT + 1, 0, -1))


def test_a_damaged_page_of_the_history_is_named(store: Store) -> None:
    promote(store, "a")
    store.put(f"{promotion.HISTORY}00000000.json", b"{")
    with pytest.raises(UnusableModel, match=r"registry/history/00000000\.json is damaged"):
        list(promotion.history(store))


# A record deleted before there was a page leaves nothing that could tell of it: numbers begin anew.
@pytest.mark.parametrize(("lost", "promotions"), [("damaged", 3), ("damaged", 120), ("deleted", 120)])
def test_no_number_is_given_twice_though_the_record_was_lost(
    store: Store, lost: str, promotions: int
) -> None:
    publish(store, "even")
    publish(store, "odd")
    given: list[int] = []
    for _ in range(3):
        given += [promote(store, "odd" if number % 2 else "even").sequence for number in range(promotions)]
        if lost == "damaged":
            store.put(promotion.CHAMPION, b"{")
        else:
            store.delete(promotion.CHAMPION)
    assert given == sorted(set(given))


def test_people_can_put_a_damaged_record_right(store: Store) -> None:
    promote(store, "a", "b")
    publish(store, "c", decision=judged_against("b"))
    for way in ("by hand", "rollback"):
        store.put(promotion.CHAMPION, b"{")
        with pytest.raises(UnusableModel):
            promotion.read_champion(store)
        found = by_hand(store, "c") if way == "by hand" else rollback(store, "a")
        assert (found.previous, found.abandoned) == (None, {})
        assert champion(store) == found
        assert [one.version for one in promotion.history(store)] == [found.version]
    store.put(promotion.CHAMPION, b"{")
    with pytest.raises(NotFound, match="name a version"):
        rollback(store)
