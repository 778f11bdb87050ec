"""What is said of an earlier run's things."""

from pathlib import Path

import pytest

from functions.core.storage.folder import FolderStore
from functions.core.storage.view import ModelStore
from functions.local.store import summary as kept_summary
from functions.local.store.summary import count_predictions, say_kept
from tests.support.versions import promote, publish


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(str(tmp_path))


def said(store: FolderStore) -> list[str]:
    lines: list[str] = []
    say_kept(store, lines.append)
    return lines


def test_of_an_empty_store_nothing_is_said(store: FolderStore) -> None:
    assert said(store) == []


def test_each_model_in_service_is_named_with_its_version_and_since_when(store: FolderStore) -> None:
    for name, version in (("churn", "a" * 16), ("titanic", "b" * 16)):
        publish(ModelStore(store, name), version)
        promote(ModelStore(store, name), version)
    first, second = said(store)
    assert first.startswith("Kept       from 20")
    assert first.endswith(f" UTC: model churn version {'a' * 16}")
    assert second.endswith(f" UTC: model titanic version {'b' * 16}")


def test_predictions_are_counted_by_their_lines(store: FolderStore) -> None:
    store.put("predictions/dt=2026-11-27/hour=10/a.jsonl", b"{}\n{}\n")
    assert said(store) == ["Kept       2 predictions"]
    store.put("predictions/dt=2026-11-27/hour=11/b.jsonl", b"{}\n")
    assert count_predictions(store) == "3 predictions"


def test_many_files_are_not_read_to_be_counted(store: FolderStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_summary, "_MAX_COUNTED", 1)
    for name in "ab":
        store.put(f"predictions/dt=2026-11-27/hour=10/{name}.jsonl", b"{}\n{}\n")
    assert count_predictions(store) == "predictions in 2 files"
