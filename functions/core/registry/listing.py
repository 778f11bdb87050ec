"""The published versions, newest first, with what matters of each."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from pydantic import BaseModel, Field

from functions.core.base.errors import NotFound, UnusableModel
from functions.core.registry import versions
from functions.core.registry.deployment import Champion
from functions.core.registry.manifest import DatasetFacts, Decision
from functions.core.registry.versions import Publication
from functions.core.stats.records import Interval
from functions.core.storage.contract import Store

# A page of 20 manifests, read one by one, would take S3 half a second.
_READ_AT_ONCE = 8


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


def newest_first(store: Store) -> list[Publication]:
    """The published versions; those of one moment by their names, the last first."""
    return sorted(
        versions.publications(store),
        key=lambda publication: (publication.published_at, publication.version),
        reverse=True,
    )


def summarize(
    store: Store, publications: Sequence[Publication], champion: Champion | None
) -> list[ListedVersion]:
    """Read the manifests of `publications`, less those deleted since; `champion` says what is in service."""

    def listed(publication: Publication) -> ListedVersion | None:
        return _listed(store, publication, champion)

    with ThreadPoolExecutor(_READ_AT_ONCE) as readers:
        return [version for version in readers.map(listed, publications) if version]


def _listed(store: Store, publication: Publication, champion: Champion | None) -> ListedVersion | None:
    version, summary, trouble = publication.version, None, None
    try:
        manifest = versions.read_manifest(store, version)
        summary = Summary.model_validate(manifest, from_attributes=True)
    except NotFound:
        return None
    except UnusableModel as error:
        trouble = str(error)
    return ListedVersion(
        version=version,
        published_at=publication.published_at,
        in_service=champion is not None and version == champion.version,
        abandoned=champion.abandoned.get(version) if champion else None,
        summary=summary,
        trouble=trouble,
    )
