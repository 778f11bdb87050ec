"""One model's part of the store: its keys, and that nothing of another model is in it."""

from pathlib import Path

import pytest

from functions.core.base.errors import Conflict, NotFound
from functions.core.storage.folder import FolderStore
from functions.core.storage.view import ModelStore


@pytest.fixture
def whole(tmp_path: Path) -> FolderStore:
    return FolderStore(str(tmp_path))


@pytest.mark.parametrize(
    ("key", "full"),
    [
        ("models/0123456789abcdef/model.onnx", "models/churn/0123456789abcdef/model.onnx"),
        ("registry/champion.json", "registry/churn/champion.json"),
        ("datasets/a.csv", "datasets/churn/a.csv"),
        ("datasets/churn/a.csv", "datasets/churn/churn/a.csv"),
        ("feedback/dt=2026-11-01/x.json", "feedback/churn/dt=2026-11-01/x.json"),
        ("schema.json", "schemas/churn.json"),
        ("predictions/dt=2026-11-01/hour=01/x.jsonl", "predictions/dt=2026-11-01/hour=01/x.jsonl"),
    ],
)
def test_the_view_adds_the_name_of_the_model(whole: FolderStore, key: str, full: str) -> None:
    view = ModelStore(whole, "churn")
    assert view.full(key) == full
    view.put(key, b"body")
    assert whole.get(full).body == b"body"
    assert view.get(key).body == b"body"
    assert view.head(key).key == key
    assert b"".join(view.open(key).__enter__()) == b"body"
    if key != "schema.json":
        assert view.relative(full) == key
    view.delete(key)
    with pytest.raises(NotFound):
        whole.get(full)


def test_a_listing_has_the_objects_of_this_model_by_their_keys_in_the_view(whole: FolderStore) -> None:
    churn, fraud = ModelStore(whole, "churn"), ModelStore(whole, "fraud")
    churn.put("datasets/a.csv", b"1")
    fraud.put("datasets/b.csv", b"2")
    ModelStore(whole, "churn-2").put("datasets/c.csv", b"3")
    assert [entry.key for entry in churn.list("datasets/")] == ["datasets/a.csv"]
    churn.put("predictions/dt=2026-11-01/hour=01/x.jsonl", b"")
    assert [entry.key for entry in fraud.list("predictions/")] == [
        "predictions/dt=2026-11-01/hour=01/x.jsonl"
    ]


def test_conditions_hold_in_the_view(whole: FolderStore) -> None:
    view = ModelStore(whole, "churn")
    etag = view.create("registry/champion.json", b"1")
    with pytest.raises(Conflict):
        view.create("registry/champion.json", b"2")
    assert view.get_if_changed("registry/champion.json", etag) is None
    view.replace("registry/champion.json", b"2", etag=etag)
    with pytest.raises(Conflict):
        view.replace("registry/champion.json", b"3", etag=etag)


def test_a_key_of_another_model_is_none_of_the_view(whole: FolderStore) -> None:
    with pytest.raises(ValueError, match=r"datasets/fraud/a\.csv does not belong to the model churn"):
        ModelStore(whole, "churn").relative("datasets/fraud/a.csv")
