"""Who asked last when: told by the log, kept over windows and champions, for a thousand of them."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from functions.core.base.ids import new_ids
from functions.core.predictions.records import folder
from functions.core.storage.view import ModelStore
from functions.monitor.callers import MAX_CALLERS, add_callers
from functions.monitor.state import STATE, read_state
from functions.monitor.traffic import KEPT_DAYS
from tests.monitor.monitoring import NOW, monitor, serve, watched
from tests.support.production import champion_of, ids_of, logged_line

DAY = timedelta(days=1)


@pytest.fixture
def store(published: Path, tmp_path: Path) -> ModelStore:
    return watched(published, tmp_path)


def ask(store: ModelStore, key_id: str, at: Any = NOW, **changes: Any) -> None:
    """Log a prediction that this key or person asked for."""
    changes = {"version": champion_of(store).version, "key_id": key_id, **changes}
    line = logged_line(ids_of(1, at)[0], **changes)
    store.put(f"{folder(at)}{new_ids(1)[0]}.jsonl", line)


def callers(store: ModelStore) -> dict[str, date]:
    held = read_state(store)
    assert held is not None
    return held[0].callers


def test_the_last_day_of_each_caller_is_known_whichever_version_answered(store: ModelStore) -> None:
    ask(store, "0123abcd", NOW - timedelta(minutes=5))
    ask(store, "user:alice", version="0" * 16)
    monitor(store)
    assert callers(store) == {"0123abcd": NOW.date(), "user:alice": NOW.date()}
    ask(store, "0123abcd", NOW + DAY)
    monitor(store, NOW + DAY)
    assert callers(store) == {"0123abcd": (NOW + DAY).date(), "user:alice": NOW.date()}


def test_it_is_known_for_longer_than_the_traffic(store: ModelStore) -> None:
    ask(store, "0123abcd")
    monitor(store)
    later = NOW + (KEPT_DAYS + 1) * DAY
    serve(store, 2, later)
    monitor(store, later)
    assert callers(store) == {"a test": later.date(), "0123abcd": NOW.date()}


def test_a_state_of_a_release_that_did_not_note_callers_is_gone_on_from(store: ModelStore) -> None:
    ask(store, "0123abcd")
    monitor(store)
    state = json.loads(store.get(STATE).body)
    del state["callers"]
    store.put(STATE, json.dumps(state).encode())
    serve(store, 2)
    monitor(store)
    assert callers(store) == {"a test": NOW.date()}


def test_those_who_asked_last_are_kept_and_nobody_asked_tomorrow() -> None:
    days = {f"{number:08x}": NOW.date() - number * DAY for number in range(MAX_CALLERS + 5)}
    kept = add_callers(days, {"new": NOW.date(), "": NOW.date(), "fast clock": NOW.date() + 2 * DAY}, NOW)
    assert len(kept) == MAX_CALLERS
    assert kept["new"] == NOW.date()
    assert not {"", "fast clock", f"{MAX_CALLERS:08x}"} & kept.keys()
    assert min(kept.values()) == NOW.date() - (MAX_CALLERS - 2) * DAY


def test_an_older_line_that_comes_late_does_not_turn_the_day_back() -> None:
    assert add_callers({"a": NOW.date()}, {"a": NOW.date() - DAY}, NOW) == {"a": NOW.date()}
