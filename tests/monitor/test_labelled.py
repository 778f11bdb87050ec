"""Labelled predictions: what they are labels of is looked for where it likely is, once, and with an end."""

import json
import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from functions.core.predictions.records import folder
from functions.core.storage.contract import Blob
from functions.core.storage.folder import FolderStore
from functions.core.storage.view import ModelStore
from functions.monitor import labelled
from functions.monitor.labelled import newest_labelled, read_label_index, read_labelled
from tests.monitor.monitoring import NOW
from tests.support.production import ids_of, label, logged_line
from tests.support.titanic import MODEL, SCHEMA

MIDNIGHT = NOW.replace(hour=0, minute=0)
MINUTE = timedelta(minutes=1)


class Watched(ModelStore):
    """A store that counts what is read of the log."""

    def __init__(self, root: Path) -> None:
        self.folder = FolderStore(str(root))
        super().__init__(self.folder, MODEL)
        self.read: list[str] = []

    def get(self, key: str) -> Blob:
        if key.startswith("predictions/"):
            self.read.append(key)
        return super().get(key)

    def ship(self, at: datetime) -> str:
        """Log a prediction in an object of its own, both of the same time. Its id."""
        [id_] = ids_of(1, at)
        key = f"{folder(at)}{at:%M}.jsonl"
        self.put(key, logged_line(id_))
        os.utime(self.folder._path(key), (at.timestamp(), at.timestamp()))
        return id_


@pytest.fixture
def store(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


def test_labels_hours_apart_take_an_object_of_the_log_each_and_only_once(store: Watched) -> None:
    ids = [store.ship(MIDNIGHT + minute * MINUTE) for minute in range(720)]
    label(store, ids[0], True)
    label(store, ids[650], False)
    found = read_labelled(store, [MIDNIGHT.date()], SCHEMA)
    assert [(one.prediction_id, one.outcome) for one in found] == [(ids[0], True), (ids[650], False)]
    assert len(store.read) == 2
    # Another label of that day takes another object, not those again.
    label(store, ids[300], True)
    assert [one.prediction_id for one in read_labelled(store, [MIDNIGHT.date()], SCHEMA)] == [
        ids[0],
        ids[300],
        ids[650],
    ]
    assert len(store.read) == 3


def test_what_is_too_far_in_the_log_is_left_to_the_next_run(
    store: Watched, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ids = [store.ship(MIDNIGHT + minute * MINUTE) for minute in range(0, 700, 60)]
    for id_ in ids:
        label(store, id_, True)
    monkeypatch.setattr(labelled, "_MAX_OBJECTS", 9)
    first = read_labelled(store, [MIDNIGHT.date()], SCHEMA)
    assert len(first) == len(store.read) == 9
    said = json.loads(capsys.readouterr().out)
    assert (said["level"], said["ids"]) == ("WARNING", 3)
    assert {one.prediction_id for one in read_labelled(store, [MIDNIGHT.date()], SCHEMA)} == set(ids)
    assert capsys.readouterr().out == ""


def test_the_bytes_of_the_log_that_are_read_for_a_day_are_bounded(
    store: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    label(store, store.ship(MIDNIGHT), True)
    monkeypatch.setattr(labelled, "_MAX_BYTES", 100)
    assert read_labelled(store, [MIDNIGHT.date()], SCHEMA) == []
    assert store.read == []


def test_of_more_labels_than_are_asked_for_the_oldest_are_left_out_and_not_looked_for(store: Watched) -> None:
    ids = [store.ship(MIDNIGHT + hour * 60 * MINUTE) for hour in (-48, -24, -23, 1)]
    for id_ in ids:
        label(store, id_, True)
    found, waiting = newest_labelled(store, read_label_index(store), 2, SCHEMA)
    assert ([one.prediction_id for one in found], waiting) == (ids[2:], 0)
    assert len(store.read) == 3
    found, _ = newest_labelled(store, read_label_index(store), 5, SCHEMA)
    assert [one.prediction_id for one in found] == ids
