"""The routes of the predict function."""

from functools import lru_cache
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request, Security
from fastapi.exceptions import RequestValidationError
from fastapi.security import APIKeyHeader, HTTPBearer
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse

from functions.core import http
from functions.core.access import caller_of
from functions.core.documentation import documentation_page
from functions.core.errors import LifeboatError
from functions.core.http import ErrorEnvelope
from functions.core.manifest import Certificate, DatasetFacts, Interval, Signature
from functions.core.middleware import MIDDLEWARE
from functions.core.passenger import Passenger
from functions.core.settings import Settings
from functions.core.store import open_store
from functions.predict.champion import ChampionCache, Loaded
from functions.predict.predict import Prediction
from functions.predict.predict import predict as score


class PredictSettings(Settings):
    """`LIFEBOAT_STORE`, and `LIFEBOAT_REFRESH_SECONDS`: how old the champion in memory may be."""

    refresh_seconds: float = Field(30.0, ge=0)


@lru_cache(maxsize=1)
def champion_cache() -> ChampionCache:
    settings = PredictSettings.from_environment()
    return ChampionCache(open_store(settings.store), settings.refresh_seconds)


async def _champion() -> Loaded:
    return champion_cache().current()


CurrentChampion = Annotated[Loaded, Depends(_champion)]


async def _may_predict(request: Request) -> None:
    caller_of(request.scope["aws.event"]).require("predict")


# The schemes only tell the documentation where a key goes; functions.authorize reads it there.
_SCHEMES = [
    Security(APIKeyHeader(name="x-api-key", auto_error=False)),
    Security(HTTPBearer(auto_error=False)),
]
# Before everything else: who may not ask learns nothing of the model or of what is wrong with the body.
MAY_PREDICT = [*_SCHEMES, Depends(_may_predict)]


class Live(BaseModel):
    live: bool = True


class Ready(BaseModel):
    """`warning` tells why the newest champion could not be had, when an older one answers instead."""

    ready: bool = True
    version: str
    warning: str | None = None


class ModelCard(BaseModel):
    """The model in service: what it is, what it was made from, how good it was on the holdout."""

    name: str
    version: str
    model: str
    threshold: float
    signature: Signature
    dataset: DatasetFacts
    metrics: dict[str, Interval]
    certificate: Certificate


def _errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    said = {
        400: "The body is not JSON",
        401: "There is no valid key",
        403: "The key does not have the scope predict",
        413: "The body is too large",
        415: "The body was not sent as JSON",
        422: "A field does not fit",
        503: "No usable model is in service",
    }
    return {status: {"model": ErrorEnvelope, "description": said[status]} for status in statuses}


app = FastAPI(
    title="Lifeboat",
    description="Would this passenger have survived the Titanic?",
    version="1.0.0",
    # Served below, to those who have a key.
    openapi_url=None,
    middleware=MIDDLEWARE,
    exception_handlers={
        LifeboatError: http.on_failure,
        RequestValidationError: http.on_invalid,
        HTTPException: http.on_http,
        Exception: http.on_crash,
    },
)


@app.post(
    "/predict",
    summary="Score one passenger",
    responses=_errors(400, 401, 403, 413, 415, 422, 503),
    dependencies=MAY_PREDICT,
)
async def predict(passenger: Passenger, champion: CurrentChampion, request: Request) -> Prediction:
    return score([passenger], champion, request_id=http.request_id(request.scope))[0]


@app.get("/health/live", summary="Does the function run?")
async def live() -> Live:
    return Live()


@app.get("/health/ready", summary="Can it score?", responses=_errors(503))
async def ready(champion: CurrentChampion) -> Ready:
    return Ready(version=champion.manifest.version, warning=champion_cache().trouble)


@app.get(
    "/model",
    summary="Describe the model in service",
    responses=_errors(401, 403, 503),
    dependencies=MAY_PREDICT,
)
async def model(champion: CurrentChampion) -> ModelCard:
    return ModelCard.model_validate(champion.manifest, from_attributes=True)


@app.get("/openapi.json", include_in_schema=False, dependencies=MAY_PREDICT)
async def document() -> dict[str, Any]:
    return app.openapi()


@app.get("/docs", include_in_schema=False, dependencies=MAY_PREDICT)
async def docs() -> HTMLResponse:
    return documentation_page(app.openapi())
