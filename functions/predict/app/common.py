"""What the routes share: who may ask, which model answers, and how a body of many rows is read."""

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.exceptions import RequestValidationError
from fastapi.security import APIKeyHeader, HTTPBearer
from pydantic import ValidationError

from functions.core.access import caller_of
from functions.core.errors import UnsupportedMediaType
from functions.core.http import request_id
from functions.predict import batch
from functions.predict.batch import Rows
from functions.predict.champion import Loaded
from functions.predict.predict import Origin
from functions.predict.service import Service, service


async def _origin(request: Request) -> Origin:
    caller = caller_of(request.scope["aws.event"])
    caller.require("predict")
    return Origin(caller.key_id, request_id(request.scope))


async def _service() -> Service:
    return service()


async def _champion() -> Loaded:
    return service().model()


# The schemes only tell the documentation where a key goes; functions.authorize reads it there.
_SCHEMES = [
    Security(APIKeyHeader(name="x-api-key", auto_error=False)),
    Security(HTTPBearer(auto_error=False)),
]
# Before everything else: who may not ask learns nothing of the model or of what is wrong with the body.
MAY_PREDICT = [*_SCHEMES, Depends(_origin)]

Asker = Annotated[Origin, Depends(_origin)]
CurrentService = Annotated[Service, Depends(_service)]
CurrentChampion = Annotated[Loaded, Depends(_champion)]


def read_body(
    body: bytes, content_type: str, from_json: Callable[[bytes], Rows], *, partial: bool = False
) -> Rows:
    """The rows of a body in JSON, which `from_json` reads, or in CSV.

    Raises `UnsupportedMediaType`, `InvalidInput`, and what FastAPI raises for a body of its own.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind in {"text/csv", "application/csv"}:
        return batch.read_csv(body, partial=partial)
    if kind != "application/json":
        raise UnsupportedMediaType("send application/json or text/csv, and say which in content-type")
    try:
        return from_json(body)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        raise RequestValidationError([{**item, "loc": ("body", *item["loc"])} for item in found]) from None
