"""What the manifests of a model's versions say of the datasets, each read once by a process.

The answers need all versions: which dataset one was made from stands in its manifest alone. A manifest is
never changed; so what was read of it is kept, by the ETags of the two objects that it was read from and
checked against, which listings tell. A warm function reads only what was published since.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pydantic import ConfigDict, Field, ValidationError

from functions.core.base.errors import NotFound, UnusableModel
from functions.core.base.records import Moment, Record
from functions.core.registry.keys import manifest_key, published_key
from functions.core.registry.manifest import DatasetFacts, Decision
from functions.core.registry.serving import read_manifest_body, read_published_digest
from functions.core.storage.view import ModelStore

# Read one by one, twenty manifests would take S3 half a second.
READ_AT_ONCE = 8
# Some 10 kB each, of all models together.
MAX_KEPT = 4_000


class Made(Record):
    """Of a manifest, what tells of its dataset: most of the rest is long, and costs time to check."""

    model_config = ConfigDict(populate_by_name=True)

    version: str
    created_at: Moment
    dataset: DatasetFacts
    decision: Decision
    table_schema: dict[str, Any] = Field(alias="schema")


_Origin = tuple[str, str, str]
_kept: dict[_Origin, Made] = {}


def read_manifests(store: ModelStore) -> tuple[list[Made], list[str]]:
    """What all versions were made from, in the order of their names; and those whose manifest is damaged."""
    origins = _origins(store)
    with ThreadPoolExecutor(READ_AT_ONCE) as readers:
        read = [*readers.map(lambda origin: _read_or_remember(store, origin), origins)]
    damaged = [version for version in read if isinstance(version, str)]
    return [made for made in read if isinstance(made, Made)], damaged


def _origins(store: ModelStore) -> list[_Origin]:
    """Of each version: its name, the ETag of its manifest, and that of what vouches for it ("": nothing)."""
    vouching = {entry.key: entry.etag for entry in store.list("registry/published/")}
    return [
        (version, entry.etag, vouching.get(published_key(version), ""))
        for entry in store.list("models/")
        if entry.key == manifest_key(version := entry.key.split("/")[1])
    ]


def _read_or_remember(store: ModelStore, origin: _Origin) -> Made | str | None:
    """None for a version that was deleted since it was listed, and its name for one that is damaged."""
    if made := _kept.get(origin):
        return made
    version = origin[0]
    try:
        made = _read(store, version)
    except NotFound:
        return None
    except UnusableModel:
        return version
    if len(_kept) >= MAX_KEPT:
        _kept.clear()
    _kept[origin] = made
    return made


def _read(store: ModelStore, version: str) -> Made:
    body = read_manifest_body(store, version, read_published_digest(store, version))
    try:
        made = Made.model_validate_json(body)
    except ValidationError as error:
        raise UnusableModel(f"the manifest of version {version} is damaged") from error
    if made.version != version:
        raise UnusableModel(f"the manifest of version {version} is of another version")
    return made
