"""The routes of the feedback function, all for keys with the scope `feedback`.

Each stands twice: for the default model, and below `/models/{model}` for any.
"""

from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Request
from pydantic import Discriminator, Field, Tag, WithJsonSchema
from starlette.responses import Response

from functions.core.base.errors import NotFound
from functions.core.http import refusals
from functions.core.http.api import add_document, guarded_by, holder_of, model_of, new_api, no_model
from functions.core.http.refusals import error_answers
from functions.core.identity.caller import Caller
from functions.core.predictions.labels import read_labels
from functions.feedback import rounds
from functions.feedback.export import export
from functions.feedback.openapi import OUTCOME, Receipt, Receipts, query_parameters, round_request
from functions.feedback.outcomes import MAX_OUTCOMES, read_outcomes, report
from functions.feedback.progress import Progress, progress
from functions.feedback.queue import QueuePage, next_page
from functions.feedback.requests import (
    Chosen,
    ExportQuery,
    QueueQuery,
    RoundId,
    Selected,
    read_query,
    read_round_request,
)
from functions.feedback.rounds import ListedRound, Round, read_round
from functions.feedback.sampling import choose
from functions.feedback.selection import Found, Selection, read_selected
from functions.feedback.service import Labelling, service


def _default_model() -> str:
    return service().settings.default_model


async def _labelling(request: Request) -> Labelling:
    return service().labelling(model_of(request, _default_model()))


_caller = holder_of("feedback", _default_model)
MAY_LABEL = guarded_by(_caller)
MAY_READ_DOCUMENT = guarded_by(holder_of("feedback", _default_model, subject=no_model))
Annotator = Annotated[Caller, Depends(_caller)]
Model = Annotated[Labelling, Depends(_labelling)]


def _one_or_many(body: Any) -> Literal["one", "many"] | None:
    kinds: dict[type, Literal["one", "many"]] = {dict: "one", list: "many"}
    return kinds.get(type(body))


# What is in them is for the model's schema to say: see `functions.feedback.outcomes`.
Outcomes = Annotated[
    Annotated[dict[str, Any], WithJsonSchema(OUTCOME), Tag("one")]
    | Annotated[
        list[Any],
        Field(min_length=1, max_length=MAX_OUTCOMES),
        WithJsonSchema({"type": "array", "items": OUTCOME, "minItems": 1, "maxItems": MAX_OUTCOMES}),
        Tag("many"),
    ],
    Discriminator(
        _one_or_many,
        custom_error_type="outcomes",
        custom_error_message="Send an outcome, or a list of outcomes",
    ),
]
RoundBody = Annotated[dict[str, Any], WithJsonSchema(round_request())]

_ON_READ = error_answers(401, 403, 404, 422, 503)
_ON_WRITE = error_answers(400, 401, 403, 404, 413, 415, 422, 503)

app = new_api(
    "Lifeboat: feedback",
    "What really happened, and of which predictions it would help most to know.",
)
routes = APIRouter(dependencies=MAY_LABEL)


def _selected(model: Labelling, selection: Selection[Chosen], now: datetime) -> Found:
    if selection.query.round:
        return read_round(model.store, selection.query.round).found
    return read_selected(model.log, selection, now=now)


@routes.post(
    "/feedback",
    summary="Report what happened",
    description=(
        "One outcome, or a list of up to 1,000, of predictions of 31 different days at most. The last one of "
        "a prediction counts, unless one was reported with an admin key, which only another of these "
        "replaces; all are kept. What a source says twice is kept once, so a request that failed can be sent "
        "again; in a list, a source says one thing of a prediction. A source is the key, or the name it "
        "gives, which is kept below the key as `{key id}/{name}`. A prediction that is not known, or not "
        "found in as much of the log as one request reads, is a 404; in a list, the others are kept all the "
        "same."
    ),
    response_model=None,
    responses={**_ON_WRITE, 200: {"model": Receipt | Receipts}},
)
async def report_outcomes(
    caller: Annotator, model: Model, request: Request, body: Outcomes
) -> dict[str, Any]:
    target = model.schema.target
    receipts = report(
        model.store,
        model.log,
        read_outcomes(body, model.schema),
        target,
        key_id=caller.key_id,
        request_id=refusals.request_id(request.scope),
        vouched="admin" in caller.scopes,
    )
    if not isinstance(body, list):
        if receipts[0].error:
            raise NotFound(receipts[0].error)
        return receipts[0].answer(target)
    fates = [receipt.status for receipt in receipts]
    return {
        "results": [receipt.answer(target) for receipt in receipts],
        "recorded": fates.count("recorded"),
        "repeated": fates.count("repeated"),
        "unknown": fates.count("unknown"),
    }


@routes.get(
    "/feedback/queue",
    summary="Which predictions to label next",
    description=(
        "The least certain first, and in between, for a quarter of the places, others drawn at random. What "
        "is handed out is leased to the annotator for a while: nobody else gets it meanwhile, and the same "
        "annotator gets it again. Equal rows are one entry, and a label of one is taken for all of them. "
        "Without `from` it is about the last three days, or where these hold more predictions than one "
        "request looks at, about the newest: `looked_at` tells which."
    ),
    responses=_ON_READ,
    openapi_extra=query_parameters(QueueQuery),
)
async def queue(caller: Annotator, model: Model, request: Request) -> QueuePage:
    now = datetime.now(UTC)
    selection = read_query(QueueQuery, request.query_params.multi_items(), model.schema)
    query = selection.query
    if query.round:
        fixed = read_round(model.store, query.round)
        found, chooser = fixed.found, fixed.choose
    else:
        found, chooser = (
            read_selected(model.log, selection, now=now, most=model.settings.max_queue_predictions),
            partial(choose, share=model.settings.random_share),
        )
    return next_page(
        model.store,
        found,
        chooser,
        key_id=caller.key_id,
        annotator=query.annotator,
        wanted=query.wanted,
        limit=query.limit,
        after=query.after,
        now=now,
        lease_seconds=model.settings.lease_seconds,
    )


@routes.get(
    "/feedback/progress",
    summary="How far labelling has come",
    responses=_ON_READ,
    openapi_extra=query_parameters(Selected),
)
async def show_progress(model: Model, request: Request) -> Progress:
    selection = read_query(Selected, request.query_params.multi_items(), model.schema)
    found = _selected(model, selection, datetime.now(UTC))
    return progress(found, read_labels(model.store, found.days))


@routes.get(
    "/feedback/export",
    summary="Labelled predictions as a dataset",
    description=(
        "CSV with the columns of a dataset of the model, its target being the label that counts, and "
        "`prediction_id`, `source`, `labelled_at` and `version`; of these, one whose name a column of the "
        "dataset has has `lifeboat_` before it. Where there are more rows than `limit`, the header x-next "
        "says what to send as `after`; where lines of the log could not be read, x-damaged-lines says how "
        "many were passed over. A row that was asked several times stands there once for each prediction of "
        "it that has a label of its own."
    ),
    response_class=Response,
    responses={**_ON_READ, 200: {"content": {"text/csv": {}}}},
    openapi_extra=query_parameters(ExportQuery),
)
async def show_export(model: Model, request: Request) -> Response:
    selection = read_query(ExportQuery, request.query_params.multi_items(), model.schema)
    found = _selected(model, selection, datetime.now(UTC))
    page = export(
        found.predictions,
        read_labels(model.store, found.days),
        model.schema,
        limit=selection.query.limit,
        after=selection.query.after,
    )
    headers = {"x-next": page.next} if page.next else {}
    if found.damaged_lines:
        headers["x-damaged-lines"] = str(found.damaged_lines)
    return Response(page.csv, media_type="text/csv", headers=headers)


@routes.post(
    "/feedback/rounds",
    summary="Draw a labelling round",
    description=(
        "Fixes a list of predictions: those the model is least certain of, all of them, and for a quarter of "
        "the places others drawn at random. Queue, progress and export can then be asked for with `round`."
    ),
    status_code=201,
    responses=_ON_WRITE,
)
async def draw_round(caller: Annotator, model: Model, body: RoundBody) -> Round:
    now = datetime.now(UTC)
    selection = read_round_request(body, model.schema)
    found = read_selected(model.log, selection, now=now)
    return rounds.create(
        model.store, selection, found, by=caller.key_id, now=now, share=model.settings.random_share
    )


@routes.get("/feedback/rounds", summary="List the rounds, newest first", responses=_ON_READ)
async def show_rounds(model: Model) -> list[ListedRound]:
    return rounds.list_rounds(model.store)


@routes.get("/feedback/rounds/{id}", summary="Show a round", responses=_ON_READ)
async def show_round(model: Model, id_: Annotated[RoundId, Path(alias="id")]) -> Round:
    return read_round(model.store, id_)


app.include_router(routes)
app.include_router(routes, prefix="/models/{model}")
add_document(app, MAY_READ_DOCUMENT)
