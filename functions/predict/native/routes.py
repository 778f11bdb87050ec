"""Lifeboat's own routes: one row, many rows, the model in service, health."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from pydantic import BaseModel
from starlette.responses import Response

from functions.core.base.errors import InvalidInput
from functions.core.http.api import sent_body
from functions.core.http.bodies import is_csv
from functions.core.http.refusals import error_answers
from functions.core.registry.background import read_background
from functions.core.registry.manifest import Certificate, DatasetFacts, Signature
from functions.core.registry.versions import parse_manifest
from functions.core.schema.columns import Columns
from functions.core.scoring.explain import Explanation, explain
from functions.core.stats.records import Interval
from functions.predict import answers
from functions.predict.body_schema import BATCH_BODY, CSV_BODY, ROW_BODY
from functions.predict.champion import Loaded
from functions.predict.native.bodies import read_batch, read_csv
from functions.predict.native.shapes import BatchPrediction, Prediction
from functions.predict.routing import (
    MAY_PREDICT,
    Asker,
    Champion,
    CurrentService,
    parse_json,
    read_json,
    refusals_logged,
)
from functions.predict.rows import Rows, read_row

# An explanation takes thousands of rows of the graph.
MAX_EXPLAINED = 100

router = APIRouter()
"""The routes of one model: they stand at the root for the default one, and below /models/{model} for any."""

root = APIRouter()
"""What there is once."""

Explain = Annotated[bool, Query(description="Add the contribution of each feature, as Shapley values")]
Partial = Annotated[bool, Query(description="Score the good rows and tell of the bad ones")]

Keep = Annotated[
    Sequence[str],
    Query(
        max_length=100,
        description="Columns of the table to send back beside each answer, separated by commas",
        examples=[["PassengerId"]],
    ),
]

Reference = Annotated[
    str,
    Query(
        max_length=100,
        description="The column of the table with your own words for each row; without it, that is the "
        "column `reference`, if the model has no field of that name",
        examples=["PassengerId"],
    ),
]


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
    summary="Score one row",
    response_model=Prediction,
    response_model_exclude_none=True,
    responses=error_answers(400, 401, 403, 404, 415, 422, 503),
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": ROW_BODY}}},
    dependencies=MAY_PREDICT,
)
async def predict(
    request: Request,
    model: Champion,
    service: CurrentService,
    origin: Asker,
    explain: Explain = False,
    content_type: Annotated[str, Header(include_in_schema=False)] = "",
) -> Response:
    with refusals_logged(service, model.served.name, origin):
        columns, references = read_row(
            read_json(await sent_body(request), content_type, parse_json), model.rows
        )
    scored = service.predict(columns, model, origin, references)
    return _json(answers.one_as_json(scored, model, _explained(columns, model) if explain else None))


@router.post(
    "/predict/batch",
    summary="Score up to 10,000 rows",
    description=(
        "JSON or CSV in, JSON or CSV out (`Accept: text/csv`), in the order of the rows. One bad row and "
        "nothing is scored, unless `partial` is true. `keep=PassengerId,Ticket` has those columns of a table "
        "sent back, so that the answers can be joined to it. A row may have a `reference`, your own words "
        "for it in up to 100 characters: it is no feature, is kept in the log, and comes back with the "
        "answer. Of a table, the answer says which columns were used, passed over and missing: in `columns`, "
        "or, where it is CSV, in the headers x-columns-used, x-columns-passed-over and x-columns-missing "
        "(percent-encoded, separated by commas)."
    ),
    response_model=BatchPrediction,
    response_model_exclude_none=True,
    responses={
        200: {"content": {"text/csv": {"schema": {"type": "string"}}}},
        **error_answers(400, 401, 403, 404, 415, 422, 503),
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": BATCH_BODY, "text/csv": CSV_BODY},
        }
    },
    dependencies=MAY_PREDICT,
)
async def predict_batch(
    request: Request,
    model: Champion,
    service: CurrentService,
    origin: Asker,
    explain: Explain = False,
    partial: Partial = False,
    keep: Keep = (),
    reference: Reference = "",
    content_type: Annotated[str, Header(include_in_schema=False)] = "",
    accept: Annotated[str, Header(include_in_schema=False)] = "",
) -> Response:
    name = model.served.name
    with refusals_logged(service, name, origin):
        body = await sent_body(request)
        if is_csv(content_type):
            sent = read_csv(body, model.rows, partial=partial, keep=_names(keep), reference=reference)
        elif keep or reference:
            word = "`keep` names columns" if keep else "`reference` names a column"
            raise InvalidInput(f"{word} of a table: send CSV, or leave it out")
        else:
            accepted = "application/json or text/csv"
            sent = read_batch(
                read_json(body, content_type, parse_json, accepted=accepted), model.rows, partial=partial
            )
    if sent.bad:
        service.log_refusal(name, len(sent.bad), [row.field for row in sent.bad], origin)
    if explain and len(sent.numbers) > MAX_EXPLAINED:
        raise InvalidInput(f"at most {MAX_EXPLAINED} rows can be explained at once, got {len(sent.numbers)}")
    scored = service.predict(sent.columns, model, origin, sent.scored_references)
    explanation = _explained(sent.columns, model) if explain else None
    if accept.startswith("text/csv"):
        content = answers.batch_as_csv(scored, sent, model, explanation)
        return Response(content, media_type="text/csv", headers=_column_headers(sent))
    return _json(answers.batch_as_json(scored, sent, model, explanation))


def _names(keep: Sequence[str]) -> list[str]:
    """The names in `keep`: given one by one, or several with commas between."""
    names = [name.strip() for part in keep for name in part.split(",")]
    return [*dict.fromkeys(filter(None, names))]


def _explained(columns: Columns, model: Loaded) -> Explanation:
    return explain(columns, read_background(model.served), model.scorer, model.served.schema.names)


def _column_headers(sent: Rows) -> dict[str, str]:
    return answers.column_headers(sent.table) if sent.table else {}


def _json(body: bytes) -> Response:
    return Response(body, media_type="application/json")


@root.get("/health/live", summary="Does the function run?")
async def live() -> Live:
    return Live()


@root.get("/health/ready", summary="Can it score?", responses=error_answers(503))
async def ready(model: Champion, service: CurrentService) -> Ready:
    return Ready(version=model.served.version, warning=service.default.trouble)


@root.get(
    "/model",
    summary="Describe the default model in service",
    responses=error_answers(401, 403, 503),
    dependencies=MAY_PREDICT,
)
async def card(model: Champion) -> ModelCard:
    manifest = parse_manifest(model.served.body, model.served.version)
    return ModelCard.model_validate(manifest, from_attributes=True)
