"""The routes of scoring jobs: whoever may have rows scored may have files scored."""

from fastapi import APIRouter

from functions.core.base.errors import InvalidInput, NotFound
from functions.core.base.logs import log
from functions.core.http.api import add_document, new_api
from functions.core.http.refusals import error_answers
from functions.scoring.cancelling import cancel_job
from functions.scoring.job import read_job
from functions.scoring.listing import newest_jobs
from functions.scoring.routing import MAY_READ_DOCUMENT, MAY_SCORE, Asker, JobId, Limit, Part
from functions.scoring.shapes import JobAnswer, JobList, JobRequest, describe, describe_all, result_of
from functions.scoring.starting import expect_file, start_on_key

app = new_api("Lifeboat: scoring", "Whole files, scored: begun, watched, cancelled.")
add_document(app, MAY_READ_DOCUMENT)
router = APIRouter()


@router.post(
    "/scoring",
    summary="Have a file scored",
    description=(
        "A file of any size: CSV, CSV in gzip, or Parquet. With `file`, the answer has an address to send it "
        "to, and the job begins once it is there; with `key`, it begins at once. The result is CSV: the "
        "columns that came in, then the outcome, probability, version, and of each row that could not be "
        "scored the reason. A file that is put into the store at scoring/{model}/in/ is a job without this "
        "request."
    ),
    status_code=202,
    responses=error_answers(400, 401, 403, 404, 415, 422, 503),
    dependencies=MAY_SCORE,
)
async def score_file(caller: Asker, store: Part, asked: JobRequest) -> JobAnswer:
    if asked.file is not None and asked.key is None:
        stored = expect_file(store, asked.file, explain=asked.explain, by=caller.key_id)
    elif asked.key is not None and asked.file is None:
        stored = start_on_key(store, asked.key, explain=asked.explain, by=caller.key_id)
    else:
        raise InvalidInput("send `file`, the name of a file to upload, or `key`, that of one in the store")
    log("INFO", "scoring asked for", model=store.model, job=stored.job.id, by=caller.key_id)
    return describe(stored)


@router.get(
    "/scoring",
    summary="List the scoring jobs of a model",
    description="Those that changed last. Jobs and their results are kept for 30 days.",
    responses=error_answers(401, 403, 404, 422, 503),
    dependencies=MAY_SCORE,
)
async def list_scoring_jobs(store: Part, limit: Limit = 20) -> JobList:
    return describe_all(*newest_jobs(store, limit))


@router.get(
    "/scoring/{job}",
    summary="See how far a scoring job is",
    description="Jobs and their results are kept for 30 days.",
    responses=error_answers(401, 403, 404, 422, 503),
    dependencies=MAY_SCORE,
)
async def read_scoring_job(store: Part, id_: JobId) -> JobAnswer:
    stored = read_job(store, id_)
    try:
        return describe(stored, result_of(stored))
    except NotFound:
        raise NotFound(f"the result of the job {id_} has been deleted; score the file again") from None


@router.delete(
    "/scoring/{job}",
    summary="Cancel a scoring job",
    description="No result appears. One that has ended cannot be cancelled any more (409).",
    responses=error_answers(401, 403, 404, 409, 422, 503),
    dependencies=MAY_SCORE,
)
async def cancel_scoring_job(caller: Asker, store: Part, id_: JobId) -> JobAnswer:
    stored = cancel_job(store, id_)
    log("INFO", "scoring cancelled", model=store.model, job=id_, by=caller.key_id)
    return describe(stored)


app.include_router(router)
app.include_router(router, prefix="/models/{model}")
