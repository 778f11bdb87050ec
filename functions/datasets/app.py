"""The routes of datasets: reading takes the scope `read`, adding to them `admin`."""

from datetime import UTC, datetime

from fastapi import APIRouter

from functions.core.base.logs import log
from functions.core.http.api import add_document, new_api
from functions.core.http.refusals import error_answers
from functions.datasets import catalog
from functions.datasets.catalog import Catalog, Dataset
from functions.datasets.parts import KeptPart, PartsRequest, join_parts, write_part
from functions.datasets.routing import (
    BYTES,
    MAY_ADD,
    MAY_READ,
    MAY_READ_DOCUMENT,
    TABLE,
    Administrator,
    Before,
    Body,
    DatasetId,
    Digest,
    FileName,
    Limit,
    NewPart,
    Part,
    Replace,
    Target,
    UploadTarget,
    Version,
)
from functions.datasets.survey import InferredSchema, infer
from functions.datasets.uploading import Uploaded, write_dataset
from functions.datasets.uploads import UploadPage
from functions.datasets.uploads import list_uploads as uploads_of

_ON_READ = error_answers(401, 403, 404, 422, 503)
_ON_ADD = error_answers(400, 401, 403, 404, 409, 413, 415, 422, 503)
_ON_INFER = error_answers(400, 401, 403, 404, 413, 415, 422, 503)

app = new_api(
    "Lifeboat: datasets",
    "The tables that models are made from: uploaded, and what became of each.",
)
add_document(app, MAY_READ_DOCUMENT)
router = APIRouter()


@router.get("/datasets", summary="List the datasets", responses=_ON_READ, dependencies=MAY_READ)
async def list_datasets(store: Part, version: Version = None) -> Catalog:
    return catalog.datasets_of(store, version) if version else catalog.list_datasets(store)


@router.get("/datasets/{dataset}", summary="Describe a dataset", responses=_ON_READ, dependencies=MAY_READ)
async def read_dataset(store: Part, id_: DatasetId) -> Dataset:
    return catalog.read_dataset(store, id_)


@router.get(
    "/uploads",
    summary="List the uploads, and what became of each",
    description=(
        "Newest first: in training, published as a version and promoted or not, unchanged, or refused, with "
        "the rows that were left out. Refusals are kept for 90 days."
    ),
    responses=_ON_READ,
    dependencies=MAY_READ,
)
async def list_uploads(store: Part, limit: Limit = 20, before: Before = None) -> UploadPage:
    return uploads_of(store, limit=limit, before=before, now=datetime.now(UTC))


app.include_router(router)
app.include_router(router, prefix="/models/{model}")


@app.put(
    "/models/{model}/datasets/{dataset}",
    summary="Upload a dataset",
    description=(
        "The body is the file: a table with a header line, as it is or compressed by gzip (a name that ends "
        "with .csv.gz). Its upload starts a training, which the gate ends; a model that does not exist yet "
        "begins with it. Lambda takes 6 MB, in which a compressed file counts by a third more, as it travels "
        "in base64: 4.5 MB of gzip, some 30 MB of CSV. What is larger is sent in parts (PUT "
        ".../parts/{part}) or goes into the bucket directly."
    ),
    status_code=202,
    responses=_ON_ADD,
    dependencies=MAY_ADD,
    openapi_extra=TABLE,
)
async def upload_dataset(
    caller: Administrator,
    store: NewPart,
    file: FileName,
    body: Body,
    target: UploadTarget = None,
    replace: Replace = False,
) -> Uploaded:
    return _logged(write_dataset(store, file, body, by=caller.key_id, target=target, replace=replace))


@app.put(
    "/models/{model}/datasets/{dataset}/parts/{part}",
    summary="Upload a part of a dataset",
    description=(
        "For a file that is too large for one request: the body is some of its bytes, and `part` the SHA-256 "
        "of them. Parts are kept for a day, and nothing comes of them until POST /models/{model}/datasets/"
        "{dataset} names them all. A part that was sent before may be sent again."
    ),
    status_code=201,
    responses=_ON_INFER,
    dependencies=MAY_ADD,
    openapi_extra=BYTES,
)
async def upload_part(store: NewPart, file: FileName, part: Digest, body: Body) -> KeptPart:
    return write_part(store, file, part, body)


@app.post(
    "/models/{model}/datasets/{dataset}",
    summary="Put a dataset together from its parts",
    description="As if the parts, one after the other, had been uploaded as one file: see there.",
    status_code=202,
    responses=_ON_ADD,
    dependencies=MAY_ADD,
)
async def join_dataset(
    caller: Administrator,
    store: NewPart,
    file: FileName,
    request: PartsRequest,
    target: UploadTarget = None,
    replace: Replace = False,
) -> Uploaded:
    return _logged(join_parts(store, file, request.parts, by=caller.key_id, target=target, replace=replace))


@app.post(
    "/models/{model}/schema/inference",
    summary="Infer a schema from a table",
    description=(
        "The body is a table, as for an upload. Answers what it would be taken for, and keeps nothing: look "
        "at it, change it, and PUT it as the model's schema before the first upload."
    ),
    responses=_ON_INFER,
    dependencies=MAY_ADD,
    openapi_extra=TABLE,
)
async def infer_schema(store: NewPart, body: Body, target: Target = None) -> InferredSchema:
    return infer(body, name=store.model, target=target)


def _logged(uploaded: Uploaded) -> Uploaded:
    log(
        "INFO",
        "dataset uploaded",
        model=uploaded.model,
        key=uploaded.key,
        size=uploaded.size,
        by=uploaded.uploaded_by,
    )
    return uploaded
