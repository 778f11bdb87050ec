"""Promotions are written down page by page, and no number of one is given twice."""

import pytest

from functions.core.base.errors import (
    Conflict,
    UnusableModel,
)
from functions.core.registry import deployment, history
from functions.core.registry.keys import CHAMPION
from functions.core.storage.view import ModelStore
from tests.support.versions import by_hand, champion, promote, publish


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
