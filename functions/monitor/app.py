"""The routes of the monitor: reading takes the scope `predict`, having it do something `admin`."""

from typing import Annotated

from fastapi import Depends, Path, Query

from functions.core.base.errors import Conflict, NotFound
from functions.core.base.ids import VERSION
from functions.core.http.api import add_document, guarded_by, holder_of, new_api
from functions.core.http.refusals import error_answers
from functions.monitor import catalog, reports
from functions.monitor.catalog import ID, Catalog, Dataset
from functions.monitor.report import Report, Training
from functions.monitor.reports import ReportPage
from functions.monitor.service import Service, service
from functions.monitor.state import read_state


async def _service() -> Service:
    return service()


MAY_READ = guarded_by(holder_of("predict"))
MAY_ACT = guarded_by(holder_of("admin"))
CurrentService = Annotated[Service, Depends(_service)]
Limit = Annotated[int, Query(ge=1, le=100, description="The most to answer with")]
# Reports are named with eight digits.
_LAST = 99_999_999
Before = Annotated[int | None, Query(ge=1, le=_LAST, description="`next` of the page before")]
Sequence = Annotated[int, Path(ge=1, le=_LAST, examples=[12])]
DatasetId = Annotated[
    str,
    Path(
        alias="id",
        pattern=ID,
        description="The first 16 digits of the SHA-256 of its bytes",
        examples=["b6b62a1f66bbb2b3"],
    ),
]
Version = Annotated[str | None, Query(pattern=VERSION, description="Only those that went into this version")]

_ON_READ = error_answers(401, 403, 404, 422, 503)
_ON_ACT = error_answers(401, 403, 409, 503)

app = new_api(
    "Lifeboat: monitoring",
    "What the champion is asked, how well it answers, and what the next model is made from.",
)


@app.post(
    "/monitoring/run",
    summary="Take in what is new, now",
    description=(
        "As the schedule does every hour; the report is the last one when nothing is new. A run that takes "
        "longer than API Gateway waits, 30 seconds, is answered with 503 and ends all the same."
    ),
    responses=_ON_ACT,
    dependencies=MAY_ACT,
)
async def run(service: CurrentService) -> Report:
    return service.run()


@app.get("/monitoring/report", summary="Read the last report", responses=_ON_READ, dependencies=MAY_READ)
async def report(service: CurrentService) -> Report:
    return _last(service)


@app.get("/monitoring/reports", summary="List the reports", responses=_ON_READ, dependencies=MAY_READ)
async def listed(service: CurrentService, limit: Limit = 20, before: Before = None) -> ReportPage:
    newest = _last(service).sequence if before is None else before - 1
    return reports.page(service.store, newest, limit=limit)


@app.get("/monitoring/reports/{sequence}", summary="Read a report", responses=_ON_READ, dependencies=MAY_READ)
async def one(service: CurrentService, sequence: Sequence) -> Report:
    return reports.read(service.store, sequence)


add_document(app, "/monitoring", MAY_READ)


@app.post(
    "/training",
    summary="Train another model on what was labelled",
    description=(
        "Puts a dataset together from the rows that the champion was made from and the labelled predictions. "
        "Its upload starts a retrain, which the gate ends. Without a new label it is `unchanged`; 409 says "
        "what holds it up."
    ),
    status_code=202,
    responses=_ON_ACT,
    dependencies=MAY_ACT,
)
async def train(service: CurrentService) -> Training:
    training = service.run(requested=True).training
    if training.outcome == "held":
        raise Conflict(training.why)
    return training


@app.get("/datasets", summary="List the datasets", responses=_ON_READ, dependencies=MAY_READ)
async def datasets(service: CurrentService, model: Version = None) -> Catalog:
    return catalog.datasets_of(service.store, model) if model else catalog.catalog(service.store)


@app.get("/datasets/{id}", summary="Describe a dataset", responses=_ON_READ, dependencies=MAY_READ)
async def dataset(service: CurrentService, id_: DatasetId) -> Dataset:
    return catalog.read_dataset(service.store, id_)


def _last(service: Service) -> Report:
    if held := read_state(service.store):
        return held[0].report
    raise NotFound("there is no report yet; the monitor runs every hour, and on POST /monitoring/run")
