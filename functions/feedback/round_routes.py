"""The routes of labelling rounds: they are drawn, listed, shown and locked."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import WithJsonSchema
from starlette.responses import Response

from functions.feedback import rounds
from functions.feedback.openapi import round_request
from functions.feedback.requests import RoundId, read_round_request
from functions.feedback.round_list import MAX_LISTED, ListedRound, list_rounds
from functions.feedback.rounds import Round, read_round
from functions.feedback.routing import ON_READ, ON_WRITE, Annotator, Model
from functions.feedback.selection import read_selected

RoundBody = Annotated[dict[str, Any], WithJsonSchema(round_request())]

round_routes = APIRouter()


@round_routes.post(
    "/feedback/rounds",
    summary="Draw a labelling round",
    description=(
        "Fixes a list of predictions: those the model is least certain of, all of them, and for a quarter of "
        "the places others drawn at random. Queue, progress and export can then be asked for with `round`, "
        "and outcomes reported in it. With a `team`, only its members label in it."
    ),
    status_code=201,
    responses=ON_WRITE,
)
async def draw_round(caller: Annotator, model: Model, body: RoundBody) -> Round:
    now = datetime.now(UTC)
    selection = read_round_request(body, model.schema)
    selected = read_selected(model.log, selection, now=now)
    return rounds.create(
        model.store, selection, selected, by=caller.key_id, now=now, share=model.settings.random_share
    )


@round_routes.get(
    "/feedback/rounds",
    summary="List the rounds, newest first",
    description="Where there are more than `limit`, the header x-next says what to send as `after`.",
    responses=ON_READ,
)
async def show_rounds(
    model: Model,
    response: Response,
    limit: Annotated[int, Query(ge=1, le=MAX_LISTED)] = MAX_LISTED,
    after: Annotated[RoundId | None, Query(description="The header x-next of the page before")] = None,
) -> list[ListedRound]:
    listed, following = list_rounds(model.store, limit=limit, after=after)
    if following:
        response.headers["x-next"] = following
    return listed


@round_routes.get("/feedback/rounds/{id}", summary="Show a round", responses=ON_READ)
async def show_round(model: Model, id_: Annotated[RoundId, Path(alias="id")]) -> Round:
    return read_round(model.store, id_)


@round_routes.post(
    "/feedback/rounds/{id}/lock",
    summary="Lock a round",
    description=(
        "For who drew it, and for administrators. No more labels are taken for it, and none that came later "
        "counts in it: what is exported stays as it is. A lock is not taken off again."
    ),
    responses=ON_READ,
)
async def lock_round(caller: Annotator, model: Model, id_: Annotated[RoundId, Path(alias="id")]) -> Round:
    return rounds.lock(model.store, id_, caller)
