"""Lifeboat's own routes: one passenger, many passengers, the model in service, health."""

import functools
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from pydantic import BaseModel
from starlette.responses import Response

from functions.core.base.errors import InvalidInput
from functions.core.http.refusals import error_answers
from functions.core.registry.manifest import Certificate, DatasetFacts, Signature
from functions.core.schema.columns import Columns, to_columns
from functions.core.schema.passenger import Passenger
from functions.core.stats.records import Interval
from functions.predict import answers, batch
from functions.predict.app.body_schema import CSV_BODY, body_schema
from functions.predict.app.common import (
    MAY_PREDICT,
    Asker,
    CurrentChampion,
    CurrentService,
    read_body,
    read_json,
    refusals_logged,
)
from functions.predict.app.shapes import BatchPrediction, Prediction
from functions.predict.batch import MOST_EXPLAINED, Batch
from functions.predict.explain import Explanation, background_of, explain

router = APIRouter()

Explain = Annotated[bool, Query(description="Add the contribution of each feature, as Shapley values")]
Partial = Annotated[bool, Query(description="Score the good rows and tell of the bad ones")]


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


@router.post(
    "/predict",
    summary="Score one passenger",
    response_model=Prediction,
    response_model_exclude_none=True,
    responses=error_answers(400, 401, 403, 415, 422, 503),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": body_schema(Passenger)}},
        }
    },
    dependencies=MAY_PREDICT,
)
async def one(
    request: Request,
    model: CurrentChampion,
    service: CurrentService,
    origin: Asker,
    explain: Explain = False,
    content_type: Annotated[str, Header(include_in_schema=False)] = "",
) -> Response:
    # As in the lane and in every other route: FastAPI's own parser takes other things for JSON.
    with refusals_logged(service, origin):
        passenger = read_json(await request.body(), content_type, Passenger.model_validate_json)
    columns = to_columns([passenger])
    scored = service.predict(columns, model, origin)
    return _json(answers.one_as_json(scored, model, _explained(columns, model) if explain else None))


@router.post(
    "/predict/batch",
    summary="Score up to 10,000 passengers",
    description=(
        "JSON or CSV in, JSON or CSV out (`Accept: text/csv`), in the order of the rows. One bad row and "
        "nothing is scored, unless `partial` is true."
    ),
    response_model=BatchPrediction,
    response_model_exclude_none=True,
    responses={
        200: {"content": {"text/csv": {"schema": {"type": "string"}}}},
        **error_answers(400, 401, 403, 415, 422, 503),
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": body_schema(Batch)},
                "text/csv": CSV_BODY,
            },
        }
    },
    dependencies=MAY_PREDICT,
)
async def many(
    request: Request,
    model: CurrentChampion,
    service: CurrentService,
    origin: Asker,
    explain: Explain = False,
    partial: Partial = False,
    content_type: Annotated[str, Header(include_in_schema=False)] = "",
    accept: Annotated[str, Header(include_in_schema=False)] = "",
) -> Response:
    from_json = functools.partial(batch.read_json, partial=partial)
    with refusals_logged(service, origin):
        rows = read_body(await request.body(), content_type, from_json, partial=partial)
    if rows.bad:
        service.log_refusal(len(rows.bad), [row.field for row in rows.bad], origin)
    if explain and len(rows.numbers) > MOST_EXPLAINED:
        raise InvalidInput(f"at most {MOST_EXPLAINED} rows can be explained at once, got {len(rows.numbers)}")
    scored = service.predict(rows.columns, model, origin)
    explanation = _explained(rows.columns, model) if explain else None
    if accept.startswith("text/csv"):
        body = answers.batch_as_csv(scored, rows.numbers, rows.bad, model, explanation)
        return Response(body, media_type="text/csv")
    return _json(answers.batch_as_json(scored, rows.numbers, rows.bad, model, explanation))


def _explained(columns: Columns, model: CurrentChampion) -> Explanation:
    return explain(columns, background_of(model.manifest), model.scorer)


def _json(body: bytes) -> Response:
    return Response(body, media_type="application/json")


@router.get("/health/live", summary="Does the function run?")
async def live() -> Live:
    return Live()


@router.get("/health/ready", summary="Can it score?", responses=error_answers(503))
async def ready(model: CurrentChampion, service: CurrentService) -> Ready:
    return Ready(version=model.manifest.version, warning=service.champions.trouble)


@router.get(
    "/model",
    summary="Describe the model in service",
    responses=error_answers(401, 403, 503),
    dependencies=MAY_PREDICT,
)
async def card(model: CurrentChampion) -> ModelCard:
    return ModelCard.model_validate(model.manifest, from_attributes=True)
