"""A page of the published versions, newest first: of all the manifests, only the page's are read."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime

from pydantic import BaseModel, Field

from functions.core import promotion, registry
from functions.core.errors import NoChampion, NotFound, UnusableModel
from functions.core.manifest import DatasetFacts, Decision, Interval
from functions.core.registry import Publication
from functions.core.store import Store

# A page of 20 manifests, read one by one, would take S3 half a second.
_READ_AT_ONCE = 8
# A time and a version: see `_place`.
PLACE = r"^[0-9]{8}T[0-9]{6}\.[0-9]{6}Z-[0-9a-f]{16}$"


class Summary(BaseModel):
    """What a manifest says in short."""

    model: str
    dataset: DatasetFacts
    metrics: dict[str, Interval]
    decision: Decision


class ListedVersion(BaseModel):
    """A published version. `summary` is null when the manifest is damaged, and `trouble` says how."""

    version: str = Field(examples=["64fb781fa1a71ca5"])
    published_at: datetime
    in_service: bool
    abandoned: str | None = Field(description="Why it was taken out of service or is not to come back")
    summary: Summary | None
    trouble: str | None


class VersionPage(BaseModel):
    versions: list[ListedVersion]
    next: str | None = Field(
        description="Send it as `after` to have the next page; null on the last",
        examples=["20261121T162200.000000Z-64fb781fa1a71ca5"],
    )


def list_versions(store: Store, *, limit: int, after: str | None = None) -> VersionPage:
    """The `limit` versions published last before `after`, the `next` of another page; None begins.

    A place is a time and a version, so it stays one when its version is deleted. Raises `UnusableModel`
    when the record of the champion is damaged.
    """
    places = {_place(publication): publication for publication in registry.publications(store)}
    remaining = sorted((place for place in places if after is None or place < after), reverse=True)
    page = remaining[:limit]
    in_service, abandoned = _marks(store)

    def listed(place: str) -> ListedVersion | None:
        return _listed(store, places[place], in_service, abandoned)

    with ThreadPoolExecutor(_READ_AT_ONCE) as readers:
        versions = [version for version in readers.map(listed, page) if version]
    return VersionPage(versions=versions, next=page[-1] if len(remaining) > limit else None)


def _place(publication: Publication) -> str:
    """Where a version stands in the list: places are in the order of their times, as text too."""
    return f"{publication.at:%Y%m%dT%H%M%S.%fZ}-{publication.version}"


def _marks(store: Store) -> tuple[str | None, Mapping[str, str]]:
    """The version in service, and the versions that were abandoned with the reasons."""
    with suppress(NoChampion):
        champion, _ = promotion.read_champion(store)
        return champion.version, champion.abandoned
    return None, {}


def _listed(
    store: Store, publication: Publication, in_service: str | None, abandoned: Mapping[str, str]
) -> ListedVersion | None:
    """None for a version that was deleted since it was listed."""
    version, summary, trouble = publication.version, None, None
    try:
        manifest = registry.read_manifest(store, version)
        summary = Summary.model_validate(manifest, from_attributes=True)
    except NotFound:
        return None
    except UnusableModel as error:
        trouble = str(error)
    return ListedVersion(
        version=version,
        published_at=publication.at,
        in_service=version == in_service,
        abandoned=abandoned.get(version),
        summary=summary,
        trouble=trouble,
    )
