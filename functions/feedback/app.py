"""The routes of the feedback function, all for keys with the scope `feedback`."""

from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any, Literal, Self

from fastapi import Depends, Path, Query, Request
from pydantic import BaseModel, Discriminator, Field, Tag, model_validator
from starlette.responses import Response

from functions.core.base.errors import NotFound
from functions.core.http import refusals
from functions.core.http.api import add_document, guarded_by, holder_of, new_api
from functions.core.http.refusals import error_answers
from functions.core.identity.caller import Caller
from functions.core.predictions.labels import read_labels
from functions.core.predictions.records import PredictionRecord
from functions.feedback import rounds
from functions.feedback.export import MOST_ROWS, export
from functions.feedback.outcomes import MOST_OUTCOMES, Outcome, PredictionId, Receipt, Source, report
from functions.feedback.progress import Progress, progress
from functions.feedback.queue import PLACE, QueuePage, next_page
from functions.feedback.rounds import ListedRound, Round, RoundRequest, read_round
from functions.feedback.sampling import choose
from functions.feedback.selection import Filters, days_of, read_selected
from functions.feedback.service import Service, service


async def _service() -> Service:
    return service()


_caller = holder_of("feedback")
MAY_LABEL = guarded_by(_caller)
Annotator = Annotated[Caller, Depends(_caller)]
CurrentService = Annotated[Service, Depends(_service)]
RoundId = Annotated[str, Field(pattern=rounds.ID, examples=["01a1feaa-00ea-7752-9015-c9355649249c"])]


class Receipts(BaseModel):
    """What became of each outcome of a list, in order, and how many met each fate."""

    results: list[Receipt]
    recorded: int
    repeated: int
    unknown: int


class Selected(Filters):
    """The predictions that fit the filters, or those of a round."""

    round: RoundId | None = None

    @model_validator(mode="after")
    def _either(self) -> Self:
        if self.round and self.model_fields_set & set(Filters.model_fields):
            raise ValueError("a round is a list that is fixed: ask for it without filters")
        return self


class QueueQuery(Selected):
    annotator: Source | None = Field(None, description="Who will label; the id of the key if left out")
    wanted: int = Field(1, ge=1, le=5, description="How many sources are to label each prediction")
    limit: int = Field(20, ge=1, le=100)
    after: str | None = Field(None, pattern=PLACE, description="`next` of the page before")


class ExportQuery(Selected):
    limit: int = Field(MOST_ROWS, ge=1, le=MOST_ROWS)
    after: PredictionId | None = Field(None, description="The header x-next of the page before")


def _one_or_many(body: Any) -> Literal["one", "many"] | None:
    kinds: dict[type, Literal["one", "many"]] = {dict: "one", list: "many"}
    return kinds.get(type(body))


Outcomes = Annotated[
    Annotated[Outcome, Tag("one")]
    | Annotated[list[Outcome], Field(min_length=1, max_length=MOST_OUTCOMES), Tag("many")],
    Discriminator(
        _one_or_many,
        custom_error_type="outcomes",
        custom_error_message="Send an outcome, or a list of outcomes",
    ),
]

_ON_READ = error_answers(401, 403, 404, 422, 503)
_ON_WRITE = error_answers(400, 401, 403, 404, 413, 415, 422, 503)

app = new_api(
    "Lifeboat: feedback",
    "What really happened to passengers, and of which predictions it would help most to know.",
)


def _selected(service: Service, query: Selected, now: datetime) -> list[PredictionRecord]:
    if query.round:
        return read_round(service.store, query.round).records
    return read_selected(service.log, query, now=now)


@app.post(
    "/feedback",
    summary="Report what happened",
    description=(
        "One outcome, or a list of up to 1,000. The last one of a prediction counts, and all are kept. What "
        "a source says twice is kept once, so a request that failed can be sent again; in a list, a source "
        "says one thing of a prediction. A prediction that is not known, or not found in as much of the log "
        "as one request reads, is a 404; in a list, the others are kept all the same."
    ),
    responses=_ON_WRITE,
    dependencies=MAY_LABEL,
)
async def report_outcomes(
    caller: Annotator, service: CurrentService, request: Request, body: Outcomes
) -> Receipt | Receipts:
    results = report(
        service.store,
        service.log,
        body if isinstance(body, list) else [body],
        key_id=caller.key_id,
        request_id=refusals.request_id(request.scope),
    )
    if not isinstance(body, list):
        if results[0].error:
            raise NotFound(results[0].error)
        return results[0]
    fates = [result.status for result in results]
    return Receipts(
        results=results,
        recorded=fates.count("recorded"),
        repeated=fates.count("repeated"),
        unknown=fates.count("unknown"),
    )


@app.get(
    "/feedback/queue",
    summary="Which predictions to label next",
    description=(
        "The least certain first, and in between, for a quarter of the places, others drawn at random. What "
        "is handed out is leased to the annotator for a while: nobody else gets it meanwhile, and the same "
        "annotator gets it again. Without `from` it is about the last three days, or where these hold more "
        "predictions than one request reads, about the newest."
    ),
    responses=_ON_READ,
    dependencies=MAY_LABEL,
)
async def queue(
    caller: Annotator, service: CurrentService, query: Annotated[QueueQuery, Query()]
) -> QueuePage:
    now = datetime.now(UTC)
    if query.round:
        fixed = read_round(service.store, query.round)
        records, chooser = fixed.records, fixed.choose
    else:
        records, chooser = (
            read_selected(service.log, query, now=now, newest=True),
            partial(choose, share=service.settings.random_share),
        )
    return next_page(
        service.store,
        records,
        chooser,
        annotator=query.annotator or caller.key_id,
        wanted=query.wanted,
        limit=query.limit,
        after=query.after,
        now=now,
        lease_seconds=service.settings.lease_seconds,
    )


@app.get(
    "/feedback/progress",
    summary="How far labelling has come",
    responses=_ON_READ,
    dependencies=MAY_LABEL,
)
async def show_progress(service: CurrentService, query: Annotated[Selected, Query()]) -> Progress:
    records = _selected(service, query, datetime.now(UTC))
    return progress(records, read_labels(service.store, days_of(records)))


@app.get(
    "/feedback/export",
    summary="Labelled predictions as a dataset",
    description=(
        "CSV with the columns of a dataset, `survived` being the label that counts, and `prediction_id`, "
        "`source`, `labelled_at` and `version`. Where there are more rows than `limit`, the header x-next "
        "says what to send as `after`."
    ),
    response_class=Response,
    responses={**_ON_READ, 200: {"content": {"text/csv": {}}}},
    dependencies=MAY_LABEL,
)
async def show_export(service: CurrentService, query: Annotated[ExportQuery, Query()]) -> Response:
    records = _selected(service, query, datetime.now(UTC))
    found = export(
        records, read_labels(service.store, days_of(records)), limit=query.limit, after=query.after
    )
    headers = {"x-next": found.next} if found.next else {}
    return Response(found.csv, media_type="text/csv", headers=headers)


@app.post(
    "/feedback/rounds",
    summary="Draw a labelling round",
    description=(
        "Fixes a list of predictions: those the model is least certain of, all of them, and for a quarter of "
        "the places others drawn at random. Queue, progress and export can then be asked for with `round`."
    ),
    status_code=201,
    responses=_ON_WRITE,
    dependencies=MAY_LABEL,
)
async def draw_round(caller: Annotator, service: CurrentService, request: RoundRequest) -> Round:
    now, settings = datetime.now(UTC), service.settings
    records = read_selected(service.log, request, now=now)
    return rounds.create(
        service.store, request, records, by=caller.key_id, now=now, share=settings.random_share
    )


@app.get(
    "/feedback/rounds", summary="List the rounds, newest first", responses=_ON_READ, dependencies=MAY_LABEL
)
async def show_rounds(service: CurrentService) -> list[ListedRound]:
    return rounds.list_rounds(service.store)


@app.get("/feedback/rounds/{id}", summary="Show a round", responses=_ON_READ, dependencies=MAY_LABEL)
async def show_round(service: CurrentService, id_: Annotated[RoundId, Path(alias="id")]) -> Round:
    return read_round(service.store, id_)


add_document(app, "/feedback", MAY_LABEL)
