"""Deletion: what goes, what is kept from going, and what comes in between."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from functions.core.base.errors import Conflict, NotFound, StoreUnavailable, UnusableModel
from functions.core.registry import deletion, deployment, versions
from functions.core.registry.deployment import Champion
from functions.core.registry.keys import CHAMPION, model_key, part_key
from functions.core.storage.folder import FolderStore
from functions.core.storage.view import ModelStore
from tests.support.titanic import MODEL
from tests.support.versions import champion, promote, publish


def delete(store: ModelStore, version: str) -> None:
    deletion.delete(store, version, by="ann")


def rollback(store: ModelStore, to: str | None = None) -> Champion:
    return deployment.rollback(store, to=to, by="ann", reason="complaints")


def force(store: ModelStore, version: str) -> Champion:
    return deployment.promote_by_hand(store, version, by="ann", reason="", force=True)


# Before the manifest is deleted, a second time: once itself and four parts are gone.
MOMENTS = range(6)


def left(store: ModelStore, version: str) -> list[str]:
    return [entry.key for entry in store.list(f"models/{version}/")]


def test_a_deleted_version_is_gone_and_marked(store: ModelStore) -> None:
    promote(store, "a", "b", "c")
    delete(store, "a")
    assert set(versions.published(store)) == {"b", "c"}
    assert left(store, "a") == []
    assert (champion(store).abandoned, champion(store).deleting) == ({"a": "deleted by ann"}, [])
    with pytest.raises(NotFound, match="no version a is published"):
        delete(store, "a")


def test_neither_the_champion_nor_what_a_rollback_returns_to_can_be_deleted(store: ModelStore) -> None:
    promote(store, "a", "b", "c")
    for returns_to in ("b", "a"):
        with pytest.raises(Conflict, match="in service and"):
            delete(store, champion(store).version)
        with pytest.raises(Conflict, match="rollback would go back to"):
            delete(store, returns_to)
        assert rollback(store).version == returns_to
    assert set(versions.published(store)) == {"a", "b", "c"}


def test_a_predecessor_that_was_abandoned_can_be_deleted(store: ModelStore) -> None:
    promote(store, "a", "b", "c")
    assert rollback(store).previous == "c"
    delete(store, "c")
    assert rollback(store).version == "a"


def test_before_the_first_promotion_nothing_can_be_deleted(store: ModelStore) -> None:
    publish(store, "a")
    with pytest.raises(Conflict, match="before a model was promoted"):
        delete(store, "a")
    assert promote(store, "a").version == "a"


def test_a_damaged_record_says_nothing_of_what_may_be_deleted(store: ModelStore) -> None:
    promote(store, "a", "b", "c")
    store.put(CHAMPION, b"{")
    with pytest.raises(UnusableModel, match="damaged"):
        delete(store, "a")
    assert "a" in versions.published(store)


def test_who_judged_before_a_deletion_cannot_promote_after_it(store: ModelStore) -> None:
    promote(store, "a", "b", "c")
    judged = deployment.read_champion(store)
    delete(store, "a")
    for version in ("a", "d"):
        publish(store, version)
        with pytest.raises(Conflict):
            deployment.promote(store, version, expected=judged, by="test", reason="")


def test_a_deleted_version_that_is_trained_again_waits_for_a_person(store: ModelStore) -> None:
    promote(store, "a", "b", "c")
    delete(store, "a")
    publish(store, "a")
    with pytest.raises(Conflict, match="abandoned"):
        deployment.promote_by_hand(store, "a", by="ann", reason="")
    assert force(store, "a").version == "a"


class Eventful(ModelStore):
    """Part of a store in which something happens just before the first, second ... object is deleted."""

    events: tuple[Callable[[], object], ...] = ()

    def delete(self, key: str) -> None:
        if self.events:
            event, *rest = self.events
            self.events = tuple(rest)
            event()
        super().delete(key)


@pytest.fixture
def eventful(tmp_path: Path) -> Eventful:
    """Holds the champion "c", its predecessor "b", and "a", which can be deleted and has four parts."""
    store = Eventful(FolderStore(str(tmp_path / "eventful")), MODEL)
    promote(store, "a", "b", "c")
    for name in ("MLmodel", "holdout.json", "rows.json"):
        store.put(part_key("a", name), b"a part")
    return store


def nothing() -> None:
    """What mostly happens."""


def test_nobody_promotes_a_version_whose_objects_are_being_deleted(eventful: Eventful) -> None:
    judged = deployment.read_champion(eventful)
    refused = []

    def rival(attempt: Callable[[], object]) -> Callable[[], None]:
        def tries() -> None:
            with pytest.raises(Conflict) as conflict:
                attempt()
            refused.append(str(conflict.value))

        return tries

    eventful.events = (
        rival(lambda: deployment.promote(eventful, "a", expected=judged, by="rival", reason="")),
        lambda: publish(eventful, "a"),
        rival(lambda: force(eventful, "a")),
        rival(lambda: rollback(eventful, "a")),
    )
    delete(eventful, "a")
    assert ["being deleted" in why for why in refused] == [False, True, True]
    assert champion(eventful).version == "c"
    assert "a" not in versions.published(eventful)


def test_other_versions_come_and_go_while_one_is_deleted(eventful: Eventful) -> None:
    eventful.events = (lambda: promote(eventful, "d"), lambda: rollback(eventful))
    delete(eventful, "a")
    assert left(eventful, "a") == []
    assert champion(eventful).version == "c"
    assert champion(eventful).abandoned == {"a": "deleted by ann", "d": "complaints"}
    assert champion(eventful).deleting == []


def die() -> None:
    raise StoreUnavailable("the store could not be reached")


@pytest.mark.parametrize("before", MOMENTS)
def test_a_deletion_that_died_midway_is_finished_by_the_next(eventful: Eventful, before: int) -> None:
    eventful.events = (*[nothing] * before, die)
    with pytest.raises(StoreUnavailable):
        delete(eventful, "a")
    # Whatever happens until then.
    promote(eventful, "d")
    delete(eventful, "a")
    assert (left(eventful, "a"), champion(eventful).deleting) == ([], [])
    with pytest.raises(NotFound):
        delete(eventful, "a")


def test_a_deletion_that_died_before_its_last_mark_is_finished_by_the_next(store: ModelStore) -> None:
    promote(store, "a", "b", "c")
    found, etag = deployment.read_champion(store)
    store.replace(CHAMPION, found.model_copy(update={"deleting": ["a"]}).as_json(), etag=etag)
    versions.delete_version(store, "a")
    delete(store, "a")
    assert champion(store).deleting == []


def test_what_a_training_that_died_left_can_be_deleted(store: ModelStore) -> None:
    promote(store, "a", "b")
    store.put(model_key("c"), b"a graph")
    delete(store, "c")
    assert left(store, "c") == []


@pytest.mark.parametrize("before", MOMENTS)
def test_a_training_that_ends_during_a_deletion_publishes_no_manifest_beside_nothing(
    eventful: Eventful, before: int
) -> None:
    eventful.events = (*[nothing] * before, lambda: publish(eventful, "a"))
    delete(eventful, "a")
    assert "a" not in versions.published(eventful)


class Lossy(ModelStore):
    """Part of a store that makes the writes of the champion twice, as the SDK does without an answer."""

    writes = 0

    def replace(self, key: str, body: bytes, *, etag: str, metadata: Mapping[str, str] | None = None) -> str:
        self.writes += 1
        super().replace(key, body, etag=etag)
        return super().replace(key, body, etag=etag)


def test_a_deletion_needs_no_answer_to_its_marks(tmp_path: Path) -> None:
    folder = FolderStore(str(tmp_path))
    publish(ModelStore(folder, MODEL), "d")
    promote(ModelStore(folder, MODEL), "a", "b", "c")
    store = Lossy(folder, MODEL)
    delete(store, "d")
    assert (left(store, "d"), champion(store).deleting) == ([], [])
    # One mark to begin, one to end: one that stands is not made again.
    assert store.writes == 2


def test_who_cannot_mark_a_version_deletes_nothing(
    store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    promote(store, "a", "b", "c")

    def late(*_: object, **__: object) -> str:
        raise Conflict("somebody else was first")

    monkeypatch.setattr(store, "replace", late)
    with pytest.raises(
        Conflict, match="others keep changing the champion; to delete version a, ask once more"
    ):
        delete(store, "a")
    assert len(left(store, "a")) == 3
