"""The routes of the feedback function, all for keys with the scope `feedback`.

Each stands twice: for the default model, and below `/models/{model}` for any.
"""

from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import Response

from functions.core.base.errors import InvalidInput, NotFound
from functions.core.http import refusals
from functions.core.http.api import add_document, new_api, sent_body
from functions.core.http.bodies import is_csv
from functions.core.http.refusals import error_answers
from functions.core.identity.caller import Caller
from functions.core.predictions.labels import read_labels, read_note
from functions.core.predictions.unsure import read_unsure
from functions.feedback.bodies import OUTCOMES_BODY, read_json_outcomes
from functions.feedback.export import export
from functions.feedback.faults import DOES_NOT_FIT
from functions.feedback.openapi import Receipt, Receipts, TableReceipt, query_parameters
from functions.feedback.outcome_table import read_outcome_table
from functions.feedback.outcomes import FOREIGN, foreign_faults, read_outcomes
from functions.feedback.progress import Progress, progress
from functions.feedback.queue import Heard, QueuePage, next_page
from functions.feedback.recording import report
from functions.feedback.requests import (
    Chosen,
    ExportQuery,
    QueueQuery,
    RoundId,
    Selected,
    read_query,
)
from functions.feedback.round_routes import round_routes
from functions.feedback.rounds import Round, read_round
from functions.feedback.routing import MAY_LABEL, MAY_READ_DOCUMENT, ON_READ, ON_WRITE, Annotator, Model
from functions.feedback.sampling import choose
from functions.feedback.selection import SelectedPredictions, Selection, read_selected
from functions.feedback.service import Labelling

app = new_api(
    "Lifeboat: feedback",
    "What really happened, and of which predictions it would help most to know.",
)
routes = APIRouter(dependencies=MAY_LABEL)


def _selected(
    model: Labelling, selection: Selection[Chosen], now: datetime
) -> tuple[SelectedPredictions, Round | None]:
    """The predictions that are asked for, and the round that they are, if they are one."""
    if selection.query.round:
        fixed = read_round(model.store, selection.query.round)
        return fixed.selected, fixed
    return read_selected(model.log, selection, now=now), None


def _reporting(model: Labelling, caller: Caller, round_: str | None) -> Round | None:
    """The round that outcomes are reported in; None for none."""
    if round_ is None:
        return None
    drawn = read_round(model.store, round_)
    drawn.require_label(caller)
    return drawn


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
        "same. A `note` is kept with the label. Who does not know says `unsure` in place of the outcome. As "
        "CSV, the good rows are kept, and the answer tells of each other one. In a round (`round`), only its "
        "team labels, and only its predictions, until it is locked."
    ),
    response_model=None,
    responses={**ON_WRITE, 200: {"model": Receipt | Receipts | TableReceipt}, **error_answers(409)},
    openapi_extra={"requestBody": OUTCOMES_BODY},
)
async def report_outcomes(
    caller: Annotator,
    model: Model,
    request: Request,
    round_: Annotated[
        RoundId | None, Query(alias="round", description="The round that they are labelled in")
    ] = None,
    content_type: Annotated[str, Header(include_in_schema=False)] = "",
) -> dict[str, Any]:
    sent = await sent_body(request)
    if is_csv(content_type):
        return _report_table(caller, model, request, sent, round_)
    body = read_json_outcomes(sent, content_type)
    target = model.schema.target
    outcomes = read_outcomes(body, model.schema)
    reported_in = _reporting(model, caller, round_)
    if reported_in and (foreign := reported_in.foreign(outcome.prediction_id for outcome in outcomes)):
        raise InvalidInput(DOES_NOT_FIT, foreign_faults(foreign, many=isinstance(body, list)))
    receipts = report(
        model.store,
        model.log,
        outcomes,
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


def _report_table(
    caller: Caller, model: Labelling, request: Request, sent: bytes, round_: str | None
) -> dict[str, Any]:
    table = read_outcome_table(sent, model.schema, key_id=caller.key_id)
    reported_in = _reporting(model, caller, round_)
    if reported_in:
        table.refuse(
            reported_in.foreign(outcome.prediction_id for outcome in table.outcomes), "prediction_id", FOREIGN
        )
    receipts = report(
        model.store,
        model.log,
        table.outcomes,
        model.schema.target,
        key_id=caller.key_id,
        request_id=refusals.request_id(request.scope),
        vouched="admin" in caller.scopes,
    )
    return table.answer(receipts)


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
    responses={**ON_READ, **error_answers(409)},
    openapi_extra=query_parameters(QueueQuery),
)
async def queue(caller: Annotator, model: Model, request: Request) -> QueuePage:
    now = datetime.now(UTC)
    selection = read_query(QueueQuery, request.query_params.multi_items(), model.schema)
    query = selection.query
    wanted = query.wanted
    heard: Heard = dict
    if query.round:
        fixed = read_round(model.store, query.round)
        fixed.require_label(caller)
        selected, chooser, heard = fixed.selected, fixed.choose, fixed.heard
        wanted = query.wanted if "wanted" in query.model_fields_set else fixed.wanted
    else:
        selected, chooser = (
            read_selected(model.log, selection, now=now, most=model.settings.max_queue_predictions),
            partial(choose, share=model.settings.random_share),
        )
    return next_page(
        model.store,
        selected,
        chooser,
        key_id=caller.key_id,
        annotator=query.annotator,
        wanted=wanted,
        limit=query.limit,
        after=query.after,
        now=now,
        lease_seconds=model.settings.lease_seconds,
        heard=heard,
    )


@routes.get(
    "/feedback/progress",
    summary="How far labelling has come",
    responses=ON_READ,
    openapi_extra=query_parameters(Selected),
)
async def show_progress(model: Model, request: Request) -> Progress:
    selection = read_query(Selected, request.query_params.multi_items(), model.schema)
    selected, fixed = _selected(model, selection, datetime.now(UTC))
    labels = read_labels(model.store, selected.days)
    return progress(
        selected,
        fixed.heard(labels) if fixed else labels,
        read_unsure(model.store, selected.days),
        wanted=fixed.wanted if fixed else 1,
    )


@routes.get(
    "/feedback/export",
    summary="Labelled predictions as a dataset",
    description=(
        "CSV with the columns of a dataset of the model, its target being the label that counts, and "
        "`prediction_id`, `source`, `labelled_at`, `version`, `reference` and `note`; of these, one whose "
        "name a column of the dataset has has `lifeboat_` before it. Where there are more rows than `limit`, "
        "or than one answer holds, the header x-next says what to send as `after`; where lines of the log "
        "could not be read, x-damaged-lines says how many were passed over. A row that was asked several "
        "times stands there once for each prediction of it that has a label of its own."
    ),
    response_class=Response,
    responses={**ON_READ, 200: {"content": {"text/csv": {}}}},
    openapi_extra=query_parameters(ExportQuery),
)
async def show_export(model: Model, request: Request) -> Response:
    selection = read_query(ExportQuery, request.query_params.multi_items(), model.schema)
    selected, fixed = _selected(model, selection, datetime.now(UTC))
    labels = read_labels(model.store, selected.days)
    page = export(
        selected.predictions,
        fixed.heard(labels) if fixed else labels,
        model.schema,
        limit=selection.query.limit,
        after=selection.query.after,
        read_note=partial(read_note, model.store),
    )
    headers = {"x-next": page.next} if page.next else {}
    if selected.damaged_lines:
        headers["x-damaged-lines"] = str(selected.damaged_lines)
    return Response(page.csv, media_type="text/csv", headers=headers)


routes.include_router(round_routes)
app.include_router(routes)
app.include_router(routes, prefix="/models/{model}")
add_document(app, MAY_READ_DOCUMENT)
