"""Published versions: where their objects are, and how they are written, read and deleted.

A version is `models/{version}/model.onnx`, `holdout.json`, `rows.json`, `report.json` and, written after
them, `manifest.json`: without a manifest a version does not exist. Which one is in service is another
module's: `core.registry.deployment`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError

from functions.core.base.errors import Conflict, NotFound, UnusableModel
from functions.core.registry.keys import holdout_key, manifest_key, model_key, report_key, rows_key
from functions.core.registry.manifest import Manifest
from functions.core.registry.serving import read_graph
from functions.core.schema.parsing import InvalidSchema
from functions.core.storage.contract import Reader, Store


def read_manifest(store: Reader, version: str) -> Manifest:
    """Raises `NotFound` when the version is not published, `UnusableModel` when its manifest is damaged."""
    try:
        body = store.get(manifest_key(version)).body
    except NotFound as error:
        raise NotFound(f"no version {version} is published") from error
    return parse_manifest(body, version)


def parse_manifest(body: bytes, version: str) -> Manifest:
    """Raises `UnusableModel` when it is damaged, or not the manifest of this version."""
    try:
        manifest = Manifest.model_validate_json(body)
        _ = manifest.schema_of_rows
    except (ValidationError, InvalidSchema) as error:
        raise UnusableModel(f"the manifest of version {version} is damaged") from error
    if manifest.version != version or "model.onnx" not in manifest.files:
        raise UnusableModel(f"the manifest of version {version} is of another version, or names no model")
    return manifest


def read_model(store: Reader, manifest: Manifest) -> bytes:
    """The graph's bytes, checked against the manifest. Raises `UnusableModel`."""
    return read_graph(store, manifest.version, manifest.files["model.onnx"].sha256)


@dataclass(frozen=True, slots=True)
class Publication:
    """A version that has a manifest, and when that was written (UTC)."""

    version: str
    at: datetime


def publications(store: Store) -> Iterator[Publication]:
    """The published versions, in the order of their names; one listing, no manifest is read."""
    for entry in store.list("models/"):
        folder, _, name = entry.key.rpartition("/")
        if name == "manifest.json":
            yield Publication(folder.removeprefix("models/"), entry.modified)


def published(store: Store) -> Iterator[str]:
    """The versions that have a manifest, in the order of their names."""
    return (publication.version for publication in publications(store))


def write_part(
    store: Store, version: str, key: str, body: bytes, *, is_good: Callable[[bytes], bool]
) -> bytes:
    """Write a part of a version that is not published yet. Returns the bytes that are there now.

    They may be another's: a run that died before its manifest leaves its parts behind, and on another kind
    of processor the last bit of a weight can differ. What was left behind stays if `is_good`, or if its
    version has been published in the meantime; else it is replaced. Raises `Conflict` when somebody else
    replaced it first.
    """
    try:
        store.create(key, body)
    except Conflict:
        left = store.get(key)
        if left.body == body or is_good(left.body) or _is_published(store, version):
            return left.body
        store.replace(key, body, etag=left.etag)
    return body


def _is_published(store: Store, version: str) -> bool:
    try:
        store.head(manifest_key(version))
    except NotFound:
        return False
    return True


def write_manifest(store: Store, manifest: Manifest) -> Manifest:
    """Publish a version. Returns the manifest that counts: the first one written."""
    try:
        store.create(manifest_key(manifest.version), manifest.as_json())
    except Conflict:
        return read_manifest(store, manifest.version)
    return manifest


def has_objects(store: Store, version: str) -> bool:
    """Whether anything is kept of a version, be it published or left behind by a run that died."""
    return any(True for _ in store.list(f"models/{version}/"))


def delete_version(store: Store, version: str) -> None:
    """Delete all that is kept of a version. Without its manifest, which goes first, it does not exist.

    A training of the same version that ends at this moment may write its manifest in between, beside parts
    that go away: so the manifest goes once more, last. A manifest that is written later still is one whose
    writer finds that the model is missing, and writes it again when it is repeated.
    """
    for key_of in (manifest_key, report_key, rows_key, holdout_key, model_key, manifest_key):
        store.delete(key_of(version))
