"""What the routes share: who may ask, which part of the store a request is about, what its parameters are."""

from typing import Annotated, Any

from fastapi import Depends, Path, Query, Request

from functions.core.base.ids import VERSION
from functions.core.base.records import Moment
from functions.core.http.api import guarded_by, holder_of, model_of, model_to_be, no_model, sent_body
from functions.core.identity.caller import Caller
from functions.core.registry.models import check_model_name, require_model
from functions.core.storage.service import service
from functions.core.storage.view import ModelStore
from functions.datasets.catalog import ID
from functions.datasets.parts import SHA256_HEX
from functions.datasets.uploading import ASCII, FILE_NAME


def _default_model() -> str:
    return service().settings.default_model


async def _part(request: Request) -> ModelStore:
    """The part of the store that a request is about. Raises `NotFound` for a model that is named in vain."""
    store = ModelStore(service().store, model_of(request, _default_model()))
    if "model" in request.path_params:
        require_model(store)
    return store


async def _new_part(request: Request) -> ModelStore:
    """That of a model that need not be there yet. Raises `InvalidInput` for what cannot be one's name."""
    return ModelStore(service().store, check_model_name(model_to_be(request, _default_model())))


_administrator_to_be = holder_of("admin", _default_model, subject=model_to_be)

MAY_READ = guarded_by(holder_of("read", _default_model))
MAY_READ_DOCUMENT = guarded_by(holder_of("read", _default_model, subject=no_model))
MAY_ADD = guarded_by(_administrator_to_be)
Administrator = Annotated[Caller, Depends(_administrator_to_be)]
Part = Annotated[ModelStore, Depends(_part)]
NewPart = Annotated[ModelStore, Depends(_new_part)]
Body = Annotated[bytes, Depends(sent_body)]
DatasetId = Annotated[
    str,
    Path(
        alias="dataset",
        pattern=ID,
        description="The first 16 digits of the SHA-256 of its bytes",
        examples=["b6b62a1f66bbb2b3"],
    ),
]
FileName = Annotated[
    str,
    Path(
        alias="dataset",
        description="What the file is called, in up to 100 bytes: it ends with .csv or .csv.gz, and begins "
        "with no dot",
        # What does not fit is refused in words that say more.
        json_schema_extra={"pattern": FILE_NAME},
        examples=["customers.csv.gz"],
    ),
]
Digest = Annotated[
    str,
    Path(
        alias="part",
        pattern=SHA256_HEX,
        description="The SHA-256 of the bytes, in hexadecimal digits",
        examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    ),
]
Version = Annotated[
    str | None, Query(alias="model", pattern=VERSION, description="Only those that went into this version")
]
Target = Annotated[
    str | None,
    Query(
        min_length=1,
        max_length=100,
        description="The column to predict, of a model without a schema; else the one whose name shows it",
        examples=["churned"],
    ),
]
UploadTarget = Annotated[
    str | None,
    Query(
        alias="target",
        min_length=1,
        max_length=100,
        json_schema_extra={"pattern": ASCII},
        description="The column to predict, of a model without a schema, in ASCII; else the one whose name "
        "shows it",
        examples=["churned"],
    ),
]
Replace = Annotated[
    bool, Query(description="Put it in the place of a file of that name, as a new version of it")
]
Limit = Annotated[int, Query(ge=1, le=100, description="The most to answer with")]
Before = Annotated[Moment | None, Query(strict=False, description="`next` of the page before")]

TABLE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "text/csv": {"schema": {"type": "string"}, "example": "calls,plan,churned\n3,basic,no\n"},
            "application/gzip": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}
"""The body of a route that takes a table."""

BYTES: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/octet-stream": {"schema": {"type": "string", "format": "binary", "minLength": 1}}
        },
    }
}
"""That of one that takes a part of a file."""
