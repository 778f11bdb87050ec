"""The routes of MLflow's scoring protocol, which are also those of a container for SageMaker."""

from typing import Annotated

from fastapi import APIRouter, Header, Request
from pydantic import BaseModel
from starlette.responses import PlainTextResponse, Response

from functions.core import __version__
from functions.core.http.api import sent_body
from functions.core.http.bodies import is_csv
from functions.core.http.refusals import error_answers
from functions.predict.answers import column_headers
from functions.predict.body_schema import CSV_BODY, body_schema
from functions.predict.invocations import protocol
from functions.predict.invocations.protocol import Invocation
from functions.predict.native.bodies import read_csv
from functions.predict.native.shapes import Predictions
from functions.predict.routing import (
    MAY_ASK,
    MAY_PREDICT,
    Asker,
    Champion,
    CurrentService,
    read_json,
    refusals_logged,
)

router = APIRouter()
"""The route of one model: at the root for the default one, and below /models/{model} for any."""

root = APIRouter()
"""What there is once."""


class Pong(BaseModel):
    ready: bool = True


@root.get(
    "/ping",
    summary="Can it score?",
    description="API Gateway answers this path by itself, model or no model: ask `/health/ready` on AWS.",
    responses=error_answers(503),
)
async def ping(_: Champion) -> Pong:
    return Pong()


@root.get(
    "/version",
    summary="Tell the version of Lifeboat",
    # Not PlainTextResponse here: the document would have the refusals in plain text, too.
    response_class=Response,
    responses={
        200: {"content": {"text/plain": {"schema": {"type": "string"}, "example": __version__}}},
        **error_answers(401, 403, 503),
    },
    dependencies=MAY_ASK,
)
async def version(request: Request) -> Response:
    return PlainTextResponse(request.app.version)


@router.post(
    "/invocations",
    summary="Score up to 10,000 rows, as MLflow's clients ask",
    description=(
        "JSON with exactly one of `dataframe_split`, `dataframe_records`, `instances` and `inputs`, or CSV. "
        "One bad row and nothing is scored."
    ),
    response_model=Predictions,
    response_model_exclude_none=True,
    responses=error_answers(400, 401, 403, 404, 415, 422, 503),
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
    model: Champion,
    service: CurrentService,
    origin: Asker,
    content_type: Annotated[str, Header(include_in_schema=False)] = "",
) -> Response:
    with refusals_logged(service, model.served.name, origin):
        body = await sent_body(request)
        if is_csv(content_type):
            sent = read_csv(body, model.rows, partial=False)
        else:
            accepted = "application/json or text/csv"
            sent = read_json(
                body, content_type, lambda text: protocol.read_invocation(text, model), accepted=accepted
            )
    scored = service.predict(sent.columns, model, origin)
    headers = column_headers(sent.table) if sent.table else {}
    return Response(protocol.write(scored, model), media_type="application/json", headers=headers)
