"""The routes of MLflow's scoring protocol, which are also those of a container for SageMaker."""

from typing import Annotated

from fastapi import APIRouter, Header, Request
from pydantic import BaseModel
from starlette.responses import PlainTextResponse, Response

from functions.core.http.refusals import error_answers
from functions.predict import invocations
from functions.predict.app.body_schema import CSV_BODY, body_schema
from functions.predict.app.common import (
    MAY_PREDICT,
    Asker,
    CurrentChampion,
    CurrentService,
    read_body,
    refusals_logged,
)
from functions.predict.app.shapes import Predictions
from functions.predict.invocations import Invocation

router = APIRouter()


class Pong(BaseModel):
    ready: bool = True


@router.get(
    "/ping",
    summary="Can it score?",
    description="API Gateway answers this path by itself, model or no model: ask `/health/ready` on AWS.",
    responses=error_answers(503),
)
async def ping(_: CurrentChampion) -> Pong:
    return Pong()


@router.get(
    "/version",
    summary="Tell the version of this API",
    # Not PlainTextResponse here: the document would have the refusals in plain text, too.
    response_class=Response,
    responses={
        200: {"content": {"text/plain": {"schema": {"type": "string"}, "example": "1.0.0"}}},
        **error_answers(401, 403, 503),
    },
    dependencies=MAY_PREDICT,
)
async def version(request: Request) -> Response:
    return PlainTextResponse(request.app.version)


@router.post(
    "/invocations",
    summary="Score up to 10,000 passengers, as MLflow's clients ask",
    description=(
        "JSON with exactly one of `dataframe_split`, `dataframe_records`, `instances` and `inputs`, or CSV. "
        "One bad row and nothing is scored."
    ),
    response_model=Predictions,
    response_model_exclude_none=True,
    responses=error_answers(400, 401, 403, 415, 422, 503),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": body_schema(Invocation)},
                "text/csv": CSV_BODY,
            },
        }
    },
    dependencies=MAY_PREDICT,
)
async def invoke(
    request: Request,
    model: CurrentChampion,
    service: CurrentService,
    origin: Asker,
    content_type: Annotated[str, Header(include_in_schema=False)] = "",
) -> Response:
    with refusals_logged(service, origin):
        rows = read_body(await request.body(), content_type, invocations.read_json)
    scored = service.predict(rows.columns, model, origin)
    return Response(invocations.write(scored), media_type="application/json")
