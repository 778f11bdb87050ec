"""The routes of the models function: reading takes the scope `read`, changing `admin`.

Which models there are and what a row of one is, who may ask them has to know: there, `predict` will do.

What is about the versions of one model stands twice: for the default model, and below `/models/{model}` for
any. The default model's own versions are also reached as `/models/{version}`: no model can be named like one.
"""

from itertools import islice
from typing import Any

from fastapi import APIRouter

from functions.core.http.api import add_document, new_api
from functions.core.http.refusals import error_answers
from functions.core.identity.caller import SCOPES
from functions.core.registry import comparison, deployment, versions
from functions.core.registry.comparison import Comparison
from functions.core.registry.manifest import Manifest
from functions.core.registry.models import names
from functions.core.storage.service import service
from functions.models.identity import Me
from functions.models.listing import VersionPage, list_versions
from functions.models.overview import (
    ChampionCard,
    ModelPage,
    ModelRecord,
    card_of,
    card_of_change,
    describe_model,
    list_models,
)
from functions.models.promotions import HistoryPage, RollbackRequest
from functions.models.routing import (
    ANYBODY,
    MAY_CHANGE,
    MAY_LIST,
    MAY_READ,
    MAY_READ_EITHER,
    MAY_READ_SCHEMA,
    MAY_WRITE_SCHEMA,
    OF_ANY_MODEL,
    OF_DEFAULT_MODEL,
    Administrator,
    After,
    AfterName,
    Anybody,
    Before,
    Limit,
    Lister,
    NameOrVersion,
    NewPart,
    Part,
    PartOfEither,
    SchemaDocument,
    Version,
    VersionQuery,
)
from functions.models.schemas import KeptSchema, read_document, write_schema
from functions.models.version_routes import version_routes

_ON_LIST = error_answers(401, 403, 422, 503)
_ON_READ = error_answers(401, 403, 404, 422, 503)
_ON_CHANGE = error_answers(400, 401, 403, 404, 409, 413, 415, 422, 503)

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
    champion = deployment.rollback(store, to=request.to, by=caller.key_id, reason=request.reason)
    return card_of_change(store, champion)


@app.get(
    "/models",
    summary="List the models",
    description="Those that the caller may see, in the order of their names, each with its champion.",
    responses=_ON_LIST,
    dependencies=MAY_LIST,
)
async def models(caller: Lister, limit: Limit = 20, after: AfterName = None) -> ModelPage:
    store = service().store
    seen = [name for name in names(store) if caller.may_see(name)]
    default = service().settings.default_model
    return list_models(store, seen, default=default, limit=limit, after=after)


# The fixed paths come before those with a name or a version in them.
@app.get(
    "/me",
    summary="Who am I?",
    description="The caller, and what they may do: for pages, and to try a key or a token.",
    responses=error_answers(401, 503),
    dependencies=ANYBODY,
)
async def me(caller: Anybody) -> Me:
    return Me(
        id=caller.key_id,
        name=caller.name or caller.key_id,
        scopes=[scope for scope in SCOPES if scope in caller.scopes],
        models=None if caller.models is None else sorted(caller.models),
    )


app.include_router(of_one_model, prefix="/models")
add_document(app, MAY_LIST)


@app.get(
    "/models/{model}",
    summary="Describe a model, or a version of the default model",
    responses=_ON_READ,
    dependencies=MAY_READ_EITHER,
)
async def model(store: PartOfEither, name: NameOrVersion) -> Manifest | ModelRecord:
    return describe_model(store) if name == store.model else versions.read_manifest(store, name)


app.include_router(version_routes(OF_DEFAULT_MODEL), prefix="/models/{model}")
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


app.include_router(version_routes(OF_ANY_MODEL), prefix="/models/{model}/versions/{version}")


@app.get(
    "/models/{model}/schema",
    summary="Show the schema for the next training",
    responses=_ON_READ,
    dependencies=MAY_READ_SCHEMA,
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
