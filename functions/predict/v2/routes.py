"""The routes of the Open Inference Protocol, version 2."""

import re
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel
from starlette.responses import Response

from functions.core.base.errors import InvalidInput, NotFound
from functions.core.base.ids import MODEL, VERSION
from functions.core.http.api import sent_body
from functions.core.http.refusals import envelope, error_answers
from functions.core.registry import models as registered
from functions.core.registry import versions
from functions.predict.body_schema import body_schema
from functions.predict.champion import Loaded
from functions.predict.routing import (
    MAY_ASK_BY_NAME,
    Asker,
    Champion,
    CurrentCaller,
    CurrentService,
    refusals_logged,
)
from functions.predict.scoring import Origin
from functions.predict.service import Service
from functions.predict.v2 import protocol
from functions.predict.v2.protocol import InferAnswer, InferRequest, ModelMetadata

router = APIRouter(prefix="/v2")

Name = Annotated[str, Path(examples=["churn"])]
Version = Annotated[str, Path(examples=["64fb781fa1a71ca5"])]


async def _named(name: Name, service: CurrentService) -> Loaded:
    missing = NotFound("there is no model of that name; GET /v2/models tells which there are")
    if not re.fullmatch(MODEL, name):
        raise missing
    try:
        return service.champion(name)
    except NotFound:
        raise missing from None


async def _version(name: Name, version: Version, service: CurrentService) -> Loaded:
    missing = NotFound(f"there is no such version; GET /v2/models/{name} tells which are")
    if not re.fullmatch(MODEL, name) or not re.fullmatch(VERSION, version):
        raise missing
    try:
        return service.version(name, version)
    except NotFound:
        raise missing from None


ByName = Annotated[Loaded, Depends(_named)]
ByVersion = Annotated[Loaded, Depends(_version)]


class ServerMetadata(BaseModel):
    name: str = "lifeboat"
    version: str
    extensions: list[str] = []


class ServerLive(BaseModel):
    live: bool = True


class ServerReady(BaseModel):
    ready: bool = True


class ModelList(BaseModel):
    models: list[str]


class ModelReady(BaseModel):
    name: str
    ready: bool = True


_ON_LIST = error_answers(401, 403, 503)
_ON_READ = error_answers(401, 403, 404, 503)
_INFER: dict[str, Any] = {
    "summary": "Score up to 10,000 rows",
    "description": (
        "A tensor of shape [N] or [N, 1] for each feature, numbers as any integer or float type, words as "
        "BYTES. What is unknown is left out, or null, NaN or an empty string. The values may follow the JSON "
        "as bytes, as Triton's clients send them (`Inference-Header-Content-Length`); the answer is JSON. "
        "`prediction_id` is answered to those who ask for it in `outputs`."
    ),
    "response_model": InferAnswer,
    "responses": {
        **error_answers(400, 401, 403, 404, 503),
        400: error_answers(400)[400] | {"description": "The request does not fit; `error` says where"},
    },
    "openapi_extra": {
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": body_schema(InferRequest)}},
        }
    },
    "dependencies": MAY_ASK_BY_NAME,
}


@router.get("", summary="Describe the server", responses=_ON_LIST, dependencies=MAY_ASK_BY_NAME)
async def server(request: Request) -> ServerMetadata:
    return ServerMetadata(version=request.app.version)


@router.get("/health/live", summary="Does the function run?")
async def live() -> ServerLive:
    return ServerLive()


@router.get("/health/ready", summary="Can it score?", responses=error_answers(503))
async def ready(_: Champion) -> ServerReady:
    return ServerReady()


@router.get("/models", summary="List the models", responses=_ON_LIST, dependencies=MAY_ASK_BY_NAME)
async def models(service: CurrentService, caller: CurrentCaller) -> ModelList:
    names = registered.names_in_service(service.whole_store)
    return ModelList(models=[name for name in names if caller.may_see(name)])


@router.get(
    "/models/{name}",
    summary="Describe the champion",
    responses=_ON_READ,
    dependencies=MAY_ASK_BY_NAME,
)
async def metadata(champion: ByName, name: Name, service: CurrentService) -> ModelMetadata:
    return protocol.describe(champion, list(versions.published(service.store_of(name))))


@router.get(
    "/models/{name}/versions/{version}",
    summary="Describe a version",
    responses=_ON_READ,
    dependencies=MAY_ASK_BY_NAME,
)
async def version_metadata(model: ByVersion, name: Name, service: CurrentService) -> ModelMetadata:
    return protocol.describe(model, list(versions.published(service.store_of(name))))


@router.get(
    "/models/{name}/ready",
    summary="Can the champion score?",
    responses=_ON_READ,
    dependencies=MAY_ASK_BY_NAME,
)
async def model_ready(champion: ByName) -> ModelReady:
    return ModelReady(name=champion.served.name)


@router.get(
    "/models/{name}/versions/{version}/ready",
    summary="Can a version score?",
    responses=_ON_READ,
    dependencies=MAY_ASK_BY_NAME,
)
async def version_ready(model: ByVersion) -> ModelReady:
    return ModelReady(name=model.served.name)


@router.post("/models/{name}/infer", **_INFER)
async def infer(request: Request, champion: ByName, service: CurrentService, origin: Asker) -> Response:
    return await _answer(request, champion, service, origin)


@router.post("/models/{name}/versions/{version}/infer", **_INFER)
async def version_infer(
    request: Request, model: ByVersion, service: CurrentService, origin: Asker
) -> Response:
    return await _answer(request, model, service, origin)


async def _answer(request: Request, model: Loaded, service: Service, origin: Origin) -> Response:
    header_length = request.headers.get("inference-header-content-length")
    try:
        with refusals_logged(service, model.served.name, origin):
            asked, rows = protocol.read(await sent_body(request), model, header_length)
    except InvalidInput as error:
        # The protocol knows no 422.
        return envelope(request, 400, "INVALID_INPUT", str(error))
    scored = service.predict(rows.columns, model, origin)
    return Response(protocol.write(asked, scored, model), media_type="application/json")
