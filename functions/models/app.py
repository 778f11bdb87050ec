"""The routes of the models function: reading takes the scope `predict`, changing `admin`.

What is about the versions of one model stands twice: for the default model, and below `/models/{model}` for
any. The default model's own versions are also reached as `/models/{version}`: no model can be named like one.
"""

import re
from collections.abc import Awaitable, Callable
from itertools import islice
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from functions.core.base.ids import MODEL, VERSION
from functions.core.http.api import add_document, guarded_by, holder_of, model_of, new_api, no_model
from functions.core.http.refusals import error_answers
from functions.core.identity.caller import Caller
from functions.core.registry import comparison, deletion, deployment, versions
from functions.core.registry.comparison import Comparison
from functions.core.registry.history import Promotion
from functions.core.registry.manifest import Manifest
from functions.core.registry.models import names, require_model
from functions.core.storage.view import ModelStore
from functions.models.listing import PLACE, VersionPage, list_versions
from functions.models.overview import (
    ChampionCard,
    ModelPage,
    ModelRecord,
    card_of,
    describe_model,
    list_models,
)
from functions.models.schemas import KeptSchema, read_document, write_schema
from functions.models.service import service

_EXAMPLES = ["64fb781fa1a71ca5"]


def _default_model() -> str:
    return service().settings.default_model


def _default_or_named(request: Request, default: str) -> str:
    """The model of a path in which a version of the default model can stand in the place of a name."""
    if re.fullmatch(VERSION, str(request.path_params["model"])):
        return default
    return model_of(request, default)


def _to_be(request: Request, _default: str) -> str:
    """The model that a path names, be it one or not: what is wrong with a new name is said later."""
    return str(request.path_params["model"])


def _part_of(subject: Callable[[Request, str], str]) -> Callable[[Request], Awaitable[ModelStore]]:
    """A dependency: the part of the store that a request is about.

    It raises `NotFound` for a model that is named in vain.
    """

    async def part(request: Request) -> ModelStore:
        store = ModelStore(service().store, subject(request, _default_model()))
        if request.path_params.get("model") == store.model:
            require_model(store)
        return store

    return part


async def _new_part(request: Request) -> ModelStore:
    return ModelStore(service().store, _to_be(request, _default_model()))


_lister = holder_of("predict", _default_model, subject=no_model)
_administrator = holder_of("admin", _default_model)
_administrator_of_either = holder_of("admin", _default_model, subject=_default_or_named)
MAY_LIST = guarded_by(_lister)
MAY_READ = guarded_by(holder_of("predict", _default_model))
MAY_READ_EITHER = guarded_by(holder_of("predict", _default_model, subject=_default_or_named))
MAY_CHANGE = guarded_by(_administrator)
MAY_CHANGE_EITHER = guarded_by(_administrator_of_either)
MAY_WRITE_SCHEMA = guarded_by(holder_of("admin", _default_model, subject=_to_be))
Lister = Annotated[Caller, Depends(_lister)]
Administrator = Annotated[Caller, Depends(_administrator)]
AdministratorOfEither = Annotated[Caller, Depends(_administrator_of_either)]
Part = Annotated[ModelStore, Depends(_part_of(model_of))]
PartOfEither = Annotated[ModelStore, Depends(_part_of(_default_or_named))]
NewPart = Annotated[ModelStore, Depends(_new_part)]
Version = Annotated[str, Path(pattern=VERSION, examples=_EXAMPLES)]
VersionOfDefault = Annotated[
    str,
    Path(alias="model", pattern=VERSION, description="A version of the default model", examples=_EXAMPLES),
]
NameOrVersion = Annotated[
    str,
    Path(
        alias="model",
        pattern=f"{MODEL}|{VERSION}",
        description="A model's name, or a version of the default model",
        examples=["churn"],
    ),
]
VersionQuery = Annotated[str, Query(pattern=VERSION, examples=_EXAMPLES)]
Limit = Annotated[int, Query(ge=1, le=100, description="The most to answer with")]
After = Annotated[str | None, Query(pattern=PLACE, description="`next` of the page before")]
AfterName = Annotated[str | None, Query(pattern=MODEL, description="`next` of the page before")]
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

    reason: Reason = Field(examples=["its errors on new customers are fewer"])
    force: bool = False


class RollbackRequest(_Body):
    """Why the champion leaves. Without `to`, the last one before it that was not abandoned comes back.

    Abandoned are the one that leaves and all that came into service after the one that comes back.
    """

    reason: Reason = Field(examples=["complaints since yesterday"])
    to: str | None = Field(None, pattern=VERSION, examples=_EXAMPLES)


class HistoryPage(BaseModel):
    promotions: list[Promotion] = Field(description="Newest first")
    next: int | None = Field(description="Send it as `before` to have the next page; null on the last")


_FIELDS = [{"name": "calls", "type": "integer"}, {"name": "churned", "type": "boolean"}]
SchemaDocument = Annotated[dict[str, Any], Body(examples=[{"fields": _FIELDS, "target": "churned"}])]

_ON_LIST = error_answers(401, 403, 422, 503)
_ON_READ = error_answers(401, 403, 404, 422, 503)
_ON_CHANGE = error_answers(400, 401, 403, 404, 409, 413, 415, 422, 503)
_ON_DELETE = error_answers(401, 403, 404, 409, 422, 503)
_DELETION = "Never the one in service, nor the one that a rollback would go back to."

app = new_api(
    "Lifeboat: models",
    "Which models there are, which version of each is in service, and how that changes.",
)
of_one_model = APIRouter()


@of_one_model.get(
    "/champion", summary="Which version is in service?", responses=_ON_READ, dependencies=MAY_READ
)
async def champion(store: Part) -> ChampionCard:
    return card_of(deployment.read_champion(store)[0])


@of_one_model.get("/compare", summary="Compare two versions", responses=_ON_READ, dependencies=MAY_READ)
async def compare(store: Part, left: VersionQuery, right: VersionQuery) -> Comparison:
    return comparison.compare(store, left, right)


@of_one_model.get("/history", summary="List the promotions", responses=_ON_READ, dependencies=MAY_READ)
async def history(store: Part, limit: Limit = 20, before: Before = None) -> HistoryPage:
    promotions = list(islice(deployment.history(store, before=before), limit))
    last = promotions[-1].sequence if promotions else 1
    return HistoryPage(promotions=promotions, next=last if last > 1 else None)


@of_one_model.post("/rollback", summary="Go back to a version", responses=_ON_CHANGE, dependencies=MAY_CHANGE)
async def rollback(caller: Administrator, store: Part, request: RollbackRequest) -> ChampionCard:
    return card_of(deployment.rollback(store, to=request.to, by=caller.key_id, reason=request.reason))


@app.get(
    "/models",
    summary="List the models",
    description="Those that the key is for, in the order of their names, each with its champion.",
    responses=_ON_LIST,
    dependencies=MAY_LIST,
)
async def models(caller: Lister, limit: Limit = 20, after: AfterName = None) -> ModelPage:
    store = service().store
    return list_models(
        store, [name for name in names(store) if caller.may_see(name)], limit=limit, after=after
    )


# The fixed paths come before those with a name or a version in them.
app.include_router(of_one_model, prefix="/models")
add_document(app, "/models", MAY_LIST)


@app.get(
    "/models/{model}",
    summary="Describe a model, or a version of the default model",
    responses=_ON_READ,
    dependencies=MAY_READ_EITHER,
)
async def model(store: PartOfEither, name: NameOrVersion) -> Manifest | ModelRecord:
    return describe_model(store) if name == store.model else versions.read_manifest(store, name)


@app.post(
    "/models/{model}/promote",
    summary="Put a version of the default model into service",
    responses=_ON_CHANGE,
    dependencies=MAY_CHANGE_EITHER,
)
async def promote_version_of_default(
    caller: AdministratorOfEither, store: PartOfEither, version: VersionOfDefault, request: PromotionRequest
) -> ChampionCard:
    return _promote(caller, store, version, request)


@app.delete(
    "/models/{model}",
    summary="Delete a version of the default model",
    description=_DELETION,
    status_code=204,
    responses=_ON_DELETE,
    dependencies=MAY_CHANGE_EITHER,
)
async def delete_version_of_default(
    caller: AdministratorOfEither, store: PartOfEither, version: VersionOfDefault
) -> None:
    deletion.delete(store, version, by=caller.key_id)


app.include_router(of_one_model, prefix="/models/{model}")


@app.get(
    "/models/{model}/versions",
    summary="List the versions, newest first",
    responses=_ON_READ,
    dependencies=MAY_READ,
)
async def list_of_versions(store: Part, limit: Limit = 20, after: After = None) -> VersionPage:
    return list_versions(store, limit=limit, after=after)


@app.get(
    "/models/{model}/versions/{version}",
    summary="Describe a version",
    responses=_ON_READ,
    dependencies=MAY_READ,
)
async def describe_version(store: Part, version: Version) -> Manifest:
    return versions.read_manifest(store, version)


@app.post(
    "/models/{model}/versions/{version}/promote",
    summary="Put a version into service",
    responses=_ON_CHANGE,
    dependencies=MAY_CHANGE,
)
async def promote_version(
    caller: Administrator, store: Part, version: Version, request: PromotionRequest
) -> ChampionCard:
    return _promote(caller, store, version, request)


@app.delete(
    "/models/{model}/versions/{version}",
    summary="Delete a version",
    description=_DELETION,
    status_code=204,
    responses=_ON_DELETE,
    dependencies=MAY_CHANGE,
)
async def delete_version(caller: Administrator, store: Part, version: Version) -> None:
    deletion.delete(store, version, by=caller.key_id)


@app.get(
    "/models/{model}/schema",
    summary="Show the schema for the next training",
    responses=_ON_READ,
    dependencies=MAY_READ,
)
async def show_schema(store: Part) -> dict[str, Any]:
    return read_document(store)


@app.put(
    "/models/{model}/schema",
    summary="Keep a schema for the next training",
    description=(
        "A Table Schema with a target. A model that does not exist yet begins with it. It counts from the "
        "next upload on; versions that are published keep theirs."
    ),
    responses=_ON_CHANGE,
    dependencies=MAY_WRITE_SCHEMA,
)
async def put_schema(store: NewPart, document: SchemaDocument) -> KeptSchema:
    return write_schema(store, document)


def _promote(caller: Caller, store: ModelStore, version: str, request: PromotionRequest) -> ChampionCard:
    return card_of(
        deployment.promote_by_hand(
            store, version, by=caller.key_id, reason=request.reason, force=request.force
        )
    )
