"""The routes of the models function: reading takes the scope `predict`, changing `admin`."""

from functools import lru_cache
from itertools import islice
from typing import Annotated

from fastapi import Depends, Path, Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from functions.core.base.ids import VERSION
from functions.core.base.settings import Settings
from functions.core.http.api import add_document, guarded_by, holder_of, new_api
from functions.core.http.refusals import error_answers
from functions.core.identity.caller import Caller
from functions.core.registry import comparison, deletion, deployment, versions
from functions.core.registry.comparison import Comparison
from functions.core.registry.history import Promotion
from functions.core.registry.manifest import Manifest
from functions.core.storage.contract import Store
from functions.core.storage.opening import open_store
from functions.models.listing import PLACE, VersionPage, list_versions

_EXAMPLES = ["64fb781fa1a71ca5"]


@lru_cache(maxsize=1)
def store() -> Store:
    return open_store(Settings.from_environment().store)


async def _store() -> Store:
    return store()


_administrator = holder_of("admin")
MAY_READ = guarded_by(holder_of("predict"))
MAY_CHANGE = guarded_by(_administrator)
Administrator = Annotated[Caller, Depends(_administrator)]
OpenStore = Annotated[Store, Depends(_store)]
Version = Annotated[str, Path(pattern=VERSION, examples=_EXAMPLES)]
VersionQuery = Annotated[str, Query(pattern=VERSION, examples=_EXAMPLES)]
Limit = Annotated[int, Query(ge=1, le=100, description="The most to answer with")]
After = Annotated[str | None, Query(pattern=PLACE, description="`next` of the page before")]
Before = Annotated[int | None, Query(ge=1, description="`next` of the page before: a sequence number")]
# Something that can be read: what counts as white space differs between Pydantic and the schema's readers.
_READABLE = r"[^\s\u0085\u001c-\u001f\ufeff]"
Reason = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500, pattern=_READABLE)
]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class PromotionRequest(_Body):
    """Why a version is promoted. `force` puts it into service against the gate, too."""

    reason: Reason = Field(examples=["its errors on children are fewer"])
    force: bool = False


class RollbackRequest(_Body):
    """Why the champion leaves. Without `to`, the last one before it that was not abandoned comes back.

    Abandoned are the one that leaves and all that came into service after the one that comes back.
    """

    reason: Reason = Field(examples=["complaints since yesterday"])
    to: str | None = Field(None, pattern=VERSION, examples=_EXAMPLES)


class ChampionCard(Promotion):
    """The version in service, what it replaced, and the versions that were abandoned, with the reasons."""

    previous: str | None
    abandoned: dict[str, str]


class HistoryPage(BaseModel):
    promotions: list[Promotion] = Field(description="Newest first")
    next: int | None = Field(description="Send it as `before` to have the next page; null on the last")


_ON_LIST = error_answers(401, 403, 422, 503)
_ON_READ = error_answers(401, 403, 404, 422, 503)
_ON_CHANGE = error_answers(400, 401, 403, 404, 409, 415, 422, 503)
_ON_DELETE = error_answers(401, 403, 404, 409, 422, 503)

app = new_api(
    "Lifeboat: models",
    "Which models there are, which one is in service, and how that changes.",
)


def _card(champion: deployment.Champion) -> ChampionCard:
    return ChampionCard.model_validate(champion, from_attributes=True)


@app.get("/models", summary="List the versions, newest first", responses=_ON_LIST, dependencies=MAY_READ)
async def models(store: OpenStore, limit: Limit = 20, after: After = None) -> VersionPage:
    return list_versions(store, limit=limit, after=after)


# The fixed paths come before those with a version in them.
@app.get("/models/champion", summary="Which is in service?", responses=_ON_LIST, dependencies=MAY_READ)
async def champion(store: OpenStore) -> ChampionCard:
    return _card(deployment.read_champion(store)[0])


@app.get("/models/compare", summary="Compare two versions", responses=_ON_READ, dependencies=MAY_READ)
async def compare(store: OpenStore, left: VersionQuery, right: VersionQuery) -> Comparison:
    return comparison.compare(store, left, right)


@app.get("/models/history", summary="List the promotions", responses=_ON_LIST, dependencies=MAY_READ)
async def history(store: OpenStore, limit: Limit = 20, before: Before = None) -> HistoryPage:
    promotions = list(islice(deployment.history(store, before=before), limit))
    last = promotions[-1].sequence if promotions else 1
    return HistoryPage(promotions=promotions, next=last if last > 1 else None)


# A fixed path too.
add_document(app, "/models", MAY_READ)


@app.post("/models/rollback", summary="Go back to a version", responses=_ON_CHANGE, dependencies=MAY_CHANGE)
async def rollback(caller: Administrator, store: OpenStore, request: RollbackRequest) -> ChampionCard:
    return _card(deployment.rollback(store, to=request.to, by=caller.key_id, reason=request.reason))


@app.get("/models/{version}", summary="Describe a version", responses=_ON_READ, dependencies=MAY_READ)
async def model(store: OpenStore, version: Version) -> Manifest:
    return versions.read_manifest(store, version)


@app.post(
    "/models/{version}/promote",
    summary="Put a version into service",
    responses=_ON_CHANGE,
    dependencies=MAY_CHANGE,
)
async def promote(
    caller: Administrator, store: OpenStore, version: Version, request: PromotionRequest
) -> ChampionCard:
    return _card(
        deployment.promote_by_hand(
            store, version, by=caller.key_id, reason=request.reason, force=request.force
        )
    )


@app.delete(
    "/models/{version}",
    summary="Delete a version",
    description="Never the one in service, nor the one that a rollback would go back to.",
    status_code=204,
    responses=_ON_DELETE,
    dependencies=MAY_CHANGE,
)
async def delete(caller: Administrator, store: OpenStore, version: Version) -> None:
    deletion.delete(store, version, by=caller.key_id)
