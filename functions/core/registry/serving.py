"""What it takes to serve a version: the few facts of a manifest and of a champion that a cold start reads.

The whole records are `core.registry.manifest.Manifest` and `core.registry.deployment.Champion`. Those are
pydantic's, whose import would be a third of a cold start; whoever needs them makes them of `body`.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from functions.core.base.errors import NoChampion, NotFound, UnusableModel
from functions.core.registry.keys import CHAMPION, manifest_key, model_key, published_key, sha256
from functions.core.schema.document.parsing import InvalidSchema, parse_schema
from functions.core.schema.schema import Schema
from functions.core.storage.contract import Blob, Reader

NEVER_PROMOTED = (
    "no model has been promoted yet; upload a dataset to train one, or promote a version that is published"
)


class ServedChampion(NamedTuple):
    """Which version is in service, since which promotion, and the ETag of the object that says so.

    manifest_sha256: of the manifest that was promoted; None in the record of an earlier release.
    """

    version: str
    sequence: int
    etag: str
    manifest_sha256: str | None = None


class ServedVersion(NamedTuple):
    """A version as it is served. background: columns of rows that stand for "not known" in explanations."""

    name: str
    version: str
    threshold: float
    schema: Schema
    model_sha256: str
    background: Mapping[str, Sequence[Any]]
    body: bytes


def read_served_champion(reader: Reader) -> ServedChampion:
    """Raises `NoChampion`, `UnusableModel`."""
    try:
        return parse_served_champion(reader.get(CHAMPION))
    except NotFound as error:
        raise NoChampion(NEVER_PROMOTED) from error


def parse_served_champion(blob: Blob) -> ServedChampion:
    """Raises `UnusableModel` when the object is damaged."""
    try:
        record = json.loads(blob.body)
        version, sequence = record["version"], record["sequence"]
        digest = record.get("manifest_sha256")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UnusableModel(f"{CHAMPION} is damaged") from error
    # The version becomes part of a key of the store.
    is_named = isinstance(version, str) and version.isalnum()
    if not is_named or type(sequence) is not int or not isinstance(digest, str | None):
        raise UnusableModel(f"{CHAMPION} is damaged")
    return ServedChampion(version, sequence, blob.etag, digest)


def read_published_digest(reader: Reader, version: str) -> str | None:
    """The SHA-256 of a version's manifest as it was published; None for one of an earlier release.

    Raises `UnusableModel` when the record is damaged.
    """
    try:
        body = reader.get(published_key(version)).body
    except NotFound:
        return None
    try:
        digest = json.loads(body)["manifest_sha256"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UnusableModel(f"{published_key(version)} is damaged") from error
    if not isinstance(digest, str):
        raise UnusableModel(f"{published_key(version)} is damaged")
    return digest


def read_manifest_body(reader: Reader, version: str, digest: str | None) -> bytes:
    """The bytes of a version's manifest, checked against `digest`; None when nothing vouches for them.

    Raises `NotFound` when the version is not published, `UnusableModel` when these are other bytes.
    """
    try:
        body = reader.get(manifest_key(version)).body
    except NotFound as error:
        raise NotFound(f"no version {version} is published") from error
    if digest is not None and sha256(body) != digest:
        raise UnusableModel(
            f"the manifest of version {version} has been changed since it was published: restore the older "
            "version of its object, or delete the version and upload its dataset again"
        )
    return body


def read_served_version(reader: Reader, version: str, digest: str | None) -> ServedVersion:
    """Raises `NotFound` when the version is not published, `UnusableModel` when its manifest is damaged.

    digest: SHA-256 of the manifest as its champion's record or its publication's says; None where neither
    does.
    """
    body = read_manifest_body(reader, version, digest)
    try:
        record = json.loads(body)
        served = ServedVersion(
            name=str(record["name"]),
            version=str(record["version"]),
            threshold=float(record["threshold"]),
            schema=parse_schema(record["schema"]),
            model_sha256=str(record["files"]["model.onnx"]["sha256"]),
            background=dict(record["background"]),
            body=body,
        )
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError, InvalidSchema) as error:
        raise UnusableModel(f"the manifest of version {version} is damaged") from error
    if served.version != version:
        raise UnusableModel(f"the manifest of version {version} is of another version")
    return served


def read_graph(reader: Reader, version: str, checksum: str) -> bytes:
    """The bytes of a version's graph, checked against its manifest. Raises `UnusableModel`.

    checksum: SHA-256 in hex, as the manifest says.
    """
    try:
        graph = reader.get(model_key(version)).body
    except NotFound as error:
        raise UnusableModel(f"version {version} has a manifest but no model") from error
    if sha256(graph) != checksum:
        raise UnusableModel(f"the model of version {version} does not match its checksum")
    return graph
