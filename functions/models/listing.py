"""A page of the published versions, newest first: of all the manifests, only the page's are read."""

from contextlib import suppress

from pydantic import BaseModel, Field

from functions.core.base.errors import NoChampion, UnusableModel
from functions.core.registry import deployment
from functions.core.registry.listing import ListedVersion, newest_first, summarize
from functions.core.registry.versions import Publication
from functions.core.storage.view import ModelStore

# A time and a version: see `_place`.
PLACE = r"^[0-9]{8}T[0-9]{6}\.[0-9]{6}Z-[0-9a-f]{16}$"


class VersionPage(BaseModel):
    versions: list[ListedVersion]
    next: str | None = Field(
        description="Send it as `after` to have the next page; null on the last",
        examples=["20261121T162200.000000Z-64fb781fa1a71ca5"],
    )
    rolls_back_to: str | None = Field(
        description="The version that a rollback without `to` would put back into service; null where there "
        "is none, or a damaged page of the history hides it"
    )


def list_versions(store: ModelStore, *, limit: int, after: str | None = None) -> VersionPage:
    """The `limit` versions published last before `after`, the `next` of another page; None begins.

    A place is a time and a version, so it stays one when its version is deleted. Raises `UnusableModel`
    when the record of the champion is damaged.
    """
    remaining = [
        publication for publication in newest_first(store) if after is None or _place(publication) < after
    ]
    page, champion, rolls_back_to = remaining[:limit], None, None
    with suppress(NoChampion):
        champion, _ = deployment.read_champion(store)
    if champion:
        with suppress(UnusableModel):
            rolls_back_to = deployment.would_return(store, champion)
    return VersionPage(
        versions=summarize(store, page, champion),
        next=_place(page[-1]) if len(remaining) > limit else None,
        rolls_back_to=rolls_back_to,
    )


def _place(publication: Publication) -> str:
    """Where a version stands in the list: places are in the order of their times, as text too."""
    return f"{publication.published_at:%Y%m%dT%H%M%S.%fZ}-{publication.version}"
