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


def served(store: ModelStore) -> dict[str, bool]:
    """What is said of 180 predictions, by their ids: of 120 men of the second class who died, that they did
    not, and of 60 others the truth."""
    drawn = people(4_000, seed=3)
    died = [row for row, survived in drawn if (row["pclass"], row["sex"], survived) == (2, "male", False)]
    said = [(row, True) for row in died[:120]] + drawn[:60]
    ids = predict(store, [row for row, _ in said], datetime.now(UTC))
    return {id_: survived for id_, (_, survived) in zip(ids, said, strict=True)}


def test_false_labels_of_a_feedback_key_do_not_replace_the_champion(store: ModelStore) -> None:
    before = champion_of(store)
    report(served(store), THIEF, "feedback")
    training, result = retrained()
    assert (training["reason"], training["labels"]) == ("quality", 180)
    assert (result["status"], result["rule"]) == ("published", "vouched rows")
    assert "the labels of other keys contradict these rows. Check the labels" in result["reason"]
    assert result["numbers"]["vouched_worse_than_champion_at_most"] > result["limits"]["margin"]
    # By its own holdout it was the better one.
    assert result["numbers"]["worse_by_at_most"] < result["limits"]["margin"]
    assert champion_of(store).version == before.version


def test_what_an_administrator_says_counts_as_if_it_had_been_uploaded(store: ModelStore) -> None:
    """So that a model can follow a world that changes; such a key may promote any model anyway."""
    report(served(store), "0b5e55ed", "admin")
    training, result = retrained()
    assert training["labels"] == 180
    assert (result["status"], result["rule"]) == ("promoted", "non-inferiority")
    assert "labelled_share" not in result["numbers"]
