"""Published versions: where their objects are, and how they are written, read and deleted.

A version is `models/{version}/model.onnx`, `holdout.json`, `rows.json`, `report.json`, what MLflow reads
(`MLmodel` and others) and, written after them, `manifest.json`: without a manifest a version does not
exist. The SHA-256 of the manifest stands apart, in `registry/published/{version}.json`: what is exchanged by
somebody who may write below `models/` alone is noticed. Which version is in service is another module's:
`core.registry.deployment`.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError

from functions.core.base.errors import Conflict, NotFound, UnusableModel
from functions.core.base.logs import log
from functions.core.registry.keys import manifest_key, published_key, sha256
from functions.core.registry.manifest import Manifest
from functions.core.registry.serving import read_graph, read_manifest_body, read_published_digest
from functions.core.schema.document.parsing import InvalidSchema
from functions.core.storage.contract import Reader, Store


def read_manifest(store: Reader, version: str, digest: str | None = None) -> Manifest:
    """A version's manifest, checked against what was written down when it was promoted or published.

    digest: its SHA-256, as the record of a champion says; None: as the record of its publication does, if an
    earlier release did not publish it. Raises `NotFound` when the version is not published, `UnusableModel`
    when its manifest is damaged or was changed since.
    """
    return read_manifest_and_digest(store, version, digest)[0]


def read_manifest_and_digest(store: Reader, version: str, digest: str | None = None) -> tuple[Manifest, str]:
    """The manifest, and the SHA-256 of the bytes that it was read from. As `read_manifest`."""
    body = read_manifest_body(store, version, digest or read_published_digest(store, version))
    return parse_manifest(body, version), sha256(body)


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


def read_digest(store: Reader, version: str) -> str:
    """The SHA-256 of a manifest. Raises `NotFound`, and `UnusableModel` when it is not what was published."""
    return sha256(read_manifest_body(store, version, read_published_digest(store, version)))


def write_digest(store: Store, version: str, digest: str) -> None:
    """Have the SHA-256 of a version's manifest stand apart from it, whatever stood there."""
    store.put(published_key(version), _record(digest))


def vouch(store: Store, version: str, digest: str) -> None:
    """Have the SHA-256 of a manifest that was judged stand apart from it, where that was not done before.

    Raises `NotFound` when it is not published any more, `UnusableModel` when another one is by now.
    """
    if read_published_digest(store, version) is None:
        log("WARNING", "nothing vouched for a version so far; its manifest of today counts", version=version)
        with suppress(Conflict):
            store.create(published_key(version), _record(digest))
    if read_digest(store, version) != digest:
        raise UnusableModel(f"the manifest of version {version} is not the one that was judged: try again")


def _record(digest: str) -> bytes:
    return json.dumps({"manifest_sha256": digest}).encode()


def read_model(store: Reader, manifest: Manifest) -> bytes:
    """The graph's bytes, checked against the manifest. Raises `UnusableModel`."""
    return read_graph(store, manifest.version, manifest.files["model.onnx"].sha256)


@dataclass(frozen=True, slots=True)
class Publication:
    """A version that has a manifest, and when that was written (UTC)."""

    version: str
    published_at: datetime


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
    """Publish a version. Returns the manifest that counts: the first one written.

    A run that dies in between leaves a version that nothing vouches for until it is promoted.
    """
    body = manifest.as_json()
    try:
        store.create(manifest_key(manifest.version), body)
    except Conflict:
        return read_manifest(store, manifest.version)
    # Not `create`: what stands there is of a version of this name that was deleted.
    write_digest(store, manifest.version, sha256(body))
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
    store.delete(manifest_key(version))
    for part in [entry.key for entry in store.list(f"models/{version}/")]:
        store.delete(part)
    store.delete(manifest_key(version))
    store.delete(published_key(version))
