"""A key that may only label does not replace the champion: through feedback, monitor and retrain."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from functions.core.storage.folder import FolderStore
from functions.core.storage.view import ModelStore
from functions.feedback.handler import handler as feedback
from functions.feedback.service import service as feedback_service
from functions.monitor.handler import handler as monitor
from functions.monitor.service import service as monitor_service
from functions.retrain import handler as retrain
from tests.monitor.monitoring import UPLOADED
from tests.support.gateway import call, read_event
from tests.support.production import champion_of, predict
from tests.support.titanic import MODEL, TABLE, people
from tests.support.uploads import record

THIEF = "bad0bad0"


@pytest.fixture
def store(published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelStore]:
    """The store that the functions work in, with a champion of the shipped table."""
    shutil.copytree(published, tmp_path / "store")
    store = ModelStore(FolderStore(str(tmp_path / "store")), MODEL)
    store.put(UPLOADED, TABLE.read_bytes())
    monkeypatch.setenv("LIFEBOAT_STORE", str(tmp_path / "store"))
    caches = feedback_service, monitor_service, retrain._settings, retrain._store
    for cached in caches:
        cached.cache_clear()
    yield store
    for cached in caches:
        cached.cache_clear()


def report(outcomes: dict[str, bool], key: str, scopes: str) -> None:
    """Report outcomes with a key that has these scopes."""
    said = [{"prediction_id": id_, "survived": survived} for id_, survived in outcomes.items()]
    status, answer = call(feedback, "POST", "/feedback", said, key_id=key, scopes=scopes)
    assert (status, answer["recorded"]) == (200, len(said))


def retrained() -> tuple[dict[str, Any], dict[str, Any]]:
    """What the monitor decides by itself, and what becomes of the dataset that it uploads."""
    status, found = call(monitor, "POST", "/monitoring/run", key_id="ops", scopes="admin")
    assert (status, found["training"]["outcome"]) == (200, "uploaded"), found["training"]
    uploaded = record(read_event, found["training"]["dataset"])
    [result] = retrain.handler({"Records": [uploaded]}, None)["results"]
    return found["training"], result


def served(store: ModelStore, count: int, *, false: int) -> dict[str, bool]:
    """What is said of predictions, by their ids: the truth, and of the first `false` ones the opposite."""
    drawn = people(count, seed=3)
    ids = predict(store, [row for row, _ in drawn], datetime.now(UTC))
    return {
        id_: survived is not (number < false)
        for number, (id_, (_, survived)) in enumerate(zip(ids, drawn, strict=True))
    }


def test_false_labels_of_a_feedback_key_do_not_replace_the_champion(store: ModelStore) -> None:
    before = champion_of(store)
    report(served(store, 180, false=120), THIEF, "feedback")
    training, result = retrained()
    assert (training["reason"], training["labels"]) == ("quality", 180)
    assert (result["status"], result["rule"]) == ("published", "vouched rows")
    assert "The labels of other keys contradict these rows; check the labels" in result["reason"]
    assert result["numbers"]["vouched_worse_than_champion_at_most"] > result["limits"]["margin"]
    # By its own holdout it was the better one.
    assert result["numbers"]["worse_by_at_most"] < result["limits"]["margin"]
    assert champion_of(store).version == before.version
