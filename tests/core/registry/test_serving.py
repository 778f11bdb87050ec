"""What a cold start reads of a version: the same as the whole records say, and errors in words."""

import json
from pathlib import Path
from typing import Any

import pytest

from functions.core.base.errors import NoChampion, NotFound, UnusableModel
from functions.core.registry import deployment, serving, versions
from functions.core.registry.keys import CHAMPION, manifest_key, model_key
from functions.core.storage.folder import FolderStore
from functions.core.storage.view import ModelStore


@pytest.fixture
def store(published: Path, tmp_path: Path) -> ModelStore:
    copy, original = FolderStore(str(tmp_path)), FolderStore(str(published))
    for entry in original.list(""):
        copy.put(entry.key, original.get(entry.key).body)
    return ModelStore(copy, "titanic")


@pytest.fixture
def version(store: ModelStore) -> str:
    return deployment.read_champion(store)[0].version


def test_it_says_the_same_as_the_whole_records(store: ModelStore, version: str) -> None:
    champion, etag = deployment.read_champion(store)
    light = serving.read_served_champion(store)
    assert (light.version, light.sequence, light.etag) == (champion.version, champion.sequence, etag)
    manifest = versions.read_manifest(store, version)
    served = serving.read_served_version(store, version, light.manifest_sha256)
    assert served.name == manifest.name == "titanic"
    assert served.threshold == manifest.threshold
    assert served.model_sha256 == manifest.files["model.onnx"].sha256
    assert served.background == manifest.background
    assert served.schema.names == manifest.schema_of_rows.names
    assert served.schema.document == manifest.table_schema
    graph = serving.read_graph(store, version, served.model_sha256)
    assert graph == store.get(model_key(version)).body == versions.read_model(store, manifest)


def test_without_a_champion_an_upload_is_asked_for(store: ModelStore) -> None:
    store.delete(CHAMPION)
    with pytest.raises(NoChampion, match="upload a dataset"):
        serving.read_served_champion(store)


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b"{}", b'{"version": 1, "sequence": 1}', b'{"version": "a"}', b"\xff"]
)
def test_a_damaged_champion_is_no_champion(store: ModelStore, body: bytes) -> None:
    store.put(CHAMPION, body)
    with pytest.raises(UnusableModel, match=r"champion\.json is damaged"):
        serving.read_served_champion(store)


def test_a_version_that_is_not_published_is_not_found(store: ModelStore) -> None:
    with pytest.raises(NotFound, match="no version 0000000000000000 is published"):
        serving.read_served_version(store, "0" * 16, None)


@pytest.mark.parametrize(
    "change",
    [
        {"threshold": "high"},
        {"threshold": 10**400},
        {"schema": {"fields": [], "primaryKey": [[]], "derived": [{"field": []}]}},
        {"schema": {"fields": []}},
        {"schema": None},
        {"files": {}},
        {"background": [1]},
        {"version": "1" * 16},
        {"name": None, "files": None},
    ],
)
def test_a_damaged_manifest_is_unusable(store: ModelStore, version: str, change: dict[str, Any]) -> None:
    manifest = json.loads(store.get(manifest_key(version)).body)
    store.put(manifest_key(version), json.dumps(manifest | change).encode())
    with pytest.raises(UnusableModel, match=f"the manifest of version {version} is"):
        serving.read_served_version(store, version, None)


def test_a_graph_that_is_gone_or_another_is_unusable(store: ModelStore, version: str) -> None:
    served = serving.read_served_version(store, version, None)
    store.put(model_key(version), b"another graph")
    with pytest.raises(UnusableModel, match="checksum"):
        serving.read_graph(store, served.version, served.model_sha256)
    store.delete(model_key(version))
    with pytest.raises(UnusableModel, match="a manifest but no model"):
        serving.read_graph(store, served.version, served.model_sha256)
