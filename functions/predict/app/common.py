"""What the routes share: who may ask, which model answers, how a body is read, what a refusal leaves."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, TypeVar

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from functions.core.base.errors import InvalidInput, UnsupportedMediaType
from functions.core.http.api import guarded_by, holder_of
from functions.core.http.refusals import request_id
from functions.core.identity.caller import Caller
from functions.predict import batch
from functions.predict.batch import BadRows, Rows
from functions.predict.champion import Loaded
from functions.predict.predict import Origin
from functions.predict.service import Service, service

_caller = holder_of("predict")


async def _origin(request: Request, caller: Annotated[Caller, Depends(_caller)]) -> Origin:
    return Origin(caller.key_id, request_id(request.scope))


async def _service() -> Service:
    return service()


async def _champion() -> Loaded:
    return service().model()


MAY_PREDICT = guarded_by(_caller)

Asker = Annotated[Origin, Depends(_origin)]
CurrentService = Annotated[Service, Depends(_service)]
CurrentChampion = Annotated[Loaded, Depends(_champion)]


Read = TypeVar("Read")


@contextmanager
def refusals_logged(service: Service, origin: Origin) -> Iterator[None]:
    """Log for the monitor that what is read here was refused, and let the refusal pass.

    A body that is no rows, or of which nobody can tell how many, counts as one passenger. A media type that
    is not read is none: nobody has looked at the body.
    """
    try:
        yield
    except BadRows as error:
        service.log_refusal(error.rows, [row.field for row in error.bad], origin)
        raise
    except InvalidInput:
        service.log_refusal(1, [""], origin)
        raise
    except RequestValidationError as error:
        # A field of a passenger where none belongs is as foreign there as any other.
        fields = [
            "" if fault["type"] == "extra_forbidden" else str(fault["loc"][-1]) for fault in error.errors()
        ]
        service.log_refusal(1, fields, origin)
        raise


def read_body(
    body: bytes, content_type: str, from_json: Callable[[bytes], Rows], *, partial: bool = False
) -> Rows:
    """The rows of a body in JSON, which `from_json` reads, or in CSV.

    Raises as `read_json` does, and `InvalidInput`.
    """
    if _media_type(content_type) in {"text/csv", "application/csv"}:
        return batch.read_csv(body, partial=partial)
    return read_json(body, content_type, from_json, accepted="application/json or text/csv")


def read_json(
    body: bytes, content_type: str, from_json: Callable[[bytes], Read], *, accepted: str = "application/json"
) -> Read:
    """What `from_json` reads in a body.

    Raises `UnsupportedMediaType`, which names what is `accepted`, and what FastAPI raises for a body that it
    reads by itself.
    """
    if _media_type(content_type) != "application/json":
        raise UnsupportedMediaType(f"send {accepted}, and say so in the header content-type")
    try:
        return from_json(body)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        raise RequestValidationError([{**item, "loc": ("body", *item["loc"])} for item in found]) from None


def _media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()
