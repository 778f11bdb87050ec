"""The routes of the monitor: reading takes the scope `read`, having it do something `admin`."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request

from functions.core.base.errors import Conflict, NotFound
from functions.core.http.api import add_document, guarded_by, holder_of, model_of, new_api, no_model
from functions.core.http.refusals import error_answers
from functions.core.registry.models import require_model
from functions.core.storage.view import ModelStore
from functions.monitor import reports
from functions.monitor.report import Report, Training
from functions.monitor.reports import ReportPage
from functions.monitor.service import service
from functions.monitor.state import State, read_state
from functions.monitor.traffic import KEPT_DAYS, Traffic, traffic_since


def _default_model() -> str:
    return service().settings.default_model


async def _model(request: Request) -> str:
    """The model that a request is about. Raises `NotFound` for one that is named in vain."""
    model = model_of(request, _default_model())
    if "model" in request.path_params:
        require_model(service().store_of(model))
    return model


async def _store(request: Request) -> ModelStore:
    return service().store_of(model_of(request, _default_model()))


MAY_READ = guarded_by(holder_of("read", _default_model))
MAY_READ_DOCUMENT = guarded_by(holder_of("read", _default_model, subject=no_model))
MAY_ACT = guarded_by(holder_of("admin", _default_model))
CurrentModel = Annotated[str, Depends(_model)]
CurrentStore = Annotated[ModelStore, Depends(_store)]
Limit = Annotated[int, Query(ge=1, le=100, description="The most to answer with")]
Days = Annotated[int, Query(ge=1, le=KEPT_DAYS, description="How far to go back")]
# Reports are named with eight digits.
_LAST = 99_999_999
Before = Annotated[int | None, Query(ge=1, le=_LAST, description="`next` of the page before")]
Sequence = Annotated[int, Path(ge=1, le=_LAST, examples=[12])]

_ON_READ = error_answers(401, 403, 404, 422, 503)
_ON_ACT = error_answers(401, 403, 404, 409, 503)

router = APIRouter()


@router.post(
    "/monitoring/run",
    summary="Take in what is new, now",
    description=(
        "As the schedule does every hour; the report is the last one when nothing is new. A run that takes "
        "longer than API Gateway waits, 30 seconds, is answered with 503 and ends all the same."
    ),
    responses=_ON_ACT,
    dependencies=MAY_ACT,
)
async def run(model: CurrentModel) -> Report:
    return service().run(model)


@router.get("/monitoring/report", summary="Read the last report", responses=_ON_READ, dependencies=MAY_READ)
async def read_last_report(store: CurrentStore) -> Report:
    return _last(store)


@router.get("/monitoring/reports", summary="List the reports", responses=_ON_READ, dependencies=MAY_READ)
async def list_reports(store: CurrentStore, limit: Limit = 20, before: Before = None) -> ReportPage:
    newest = _last(store).sequence if before is None else before - 1
    return reports.list_reports(store, newest, limit=limit)


@router.get(
    "/monitoring/reports/{sequence}", summary="Read a report", responses=_ON_READ, dependencies=MAY_READ
)
async def read_report(store: CurrentStore, sequence: Sequence) -> Report:
    return reports.read_report(store, sequence)


@router.get(
    "/monitoring/traffic",
    summary="Count what was asked, hour by hour",
    description=(
        "Of the last two weeks, from the prediction log as far as the monitor has read it, and when each "
        "caller last asked. Requests that failed (5xx) or had no right to ask are not in the log, nor is the "
        "time that others took outside of the function: see CloudWatch for those."
    ),
    responses=_ON_READ,
    dependencies=MAY_READ,
)
async def read_traffic(store: CurrentStore, days: Days = 7) -> Traffic:
    state = _state(store)
    start = datetime.now(UTC) - timedelta(days=days)
    return traffic_since(start, state.report.at, state.traffic, state.callers)


@router.post(
    "/training",
    summary="Train another version on what was labelled",
    description=(
        "Puts a dataset together from the rows that the champion was made from and the labelled predictions. "
        "Its upload starts a retrain, which the gate ends. Without a new label it is `unchanged`; 409 says "
        "what holds it up."
    ),
    status_code=202,
    responses=_ON_ACT,
    dependencies=MAY_ACT,
)
async def train(model: CurrentModel) -> Training:
    training = service().run(model, requested=True).training
    if training.outcome == "held":
        raise Conflict(training.why)
    return training


def _last(store: ModelStore) -> Report:
    return _state(store).report


def _state(store: ModelStore) -> State:
    if versioned := read_state(store):
        return versioned[0]
    require_model(store)
    raise NotFound(
        f"there is no report of the model {store.model} yet; the monitor runs every hour, and on "
        "POST /monitoring/run"
    )


app = new_api(
    "Lifeboat: monitoring",
    "What the champion is asked, how well it answers, and what the next model is made from.",
)
app.include_router(router)
app.include_router(router, prefix="/models/{model}")
add_document(app, MAY_READ_DOCUMENT)
