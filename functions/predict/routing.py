"""What the routes share: who may ask, which model answers, how a body is read, what a refusal leaves."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, TypeVar

import orjson
from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from functions.core.base.errors import InvalidInput, UnreadableBody, UnsupportedMediaType
from functions.core.http.api import does_not_fit, guarded_by, holder_of, model_of, no_model, not_json
from functions.core.http.bodies import media_type
from functions.core.http.refusals import request_id
from functions.core.identity.caller import Caller
from functions.predict.champion import Loaded
from functions.predict.rows import BadRow, BadRows
from functions.predict.scoring import Origin
from functions.predict.service import Service, service


def _default_model() -> str:
    return service().settings.default_model


def _protocol_subject(request: Request, _default: str) -> str | None:
    """The model that a path of the Open Inference Protocol names; None where it names none."""
    return request.path_params.get("name")


_caller = holder_of("predict", _default_model)
_anybody = holder_of("predict", _default_model, subject=no_model)
_protocol_caller = holder_of("predict", _default_model, subject=_protocol_subject)


async def _origin(request: Request, caller: Annotated[Caller, Depends(_anybody)]) -> Origin:
    # Whether the key is for this model, the route has asked before.
    return Origin(caller.key_id, request_id(request.scope))


async def _service() -> Service:
    return service()


async def _model_name(request: Request) -> str:
    return model_of(request, _default_model())


async def _champion(name: Annotated[str, Depends(_model_name)]) -> Loaded:
    return service().champion(name)


MAY_PREDICT = guarded_by(_caller)
MAY_ASK = guarded_by(_anybody)
"""For what is about no model."""
MAY_ASK_BY_NAME = guarded_by(_protocol_caller)

CurrentCaller = Annotated[Caller, Depends(_anybody)]
Asker = Annotated[Origin, Depends(_origin)]
CurrentService = Annotated[Service, Depends(_service)]
ModelName = Annotated[str, Depends(_model_name)]
Champion = Annotated[Loaded, Depends(_champion)]
"""That of the model which the path names, or of the default one."""

Read = TypeVar("Read")


@contextmanager
def refusals_logged(service: Service, model: str, origin: Origin) -> Iterator[None]:
    """Log for the monitor that what is read here was refused, and let the refusal pass.

    A body that is no rows, or of which nobody can tell how many, counts as one row. A media type that is not
    read is none: nobody has looked at the body.
    """
    try:
        yield
    except BadRows as error:
        service.log_refusal(model, error.rows, [row.field for row in error.bad], origin)
        raise
    except BadRow as error:
        service.log_refusal(model, 1, [fault.field for fault in error.faults], origin)
        raise
    except (InvalidInput, UnreadableBody, RequestValidationError):
        service.log_refusal(model, 1, [""], origin)
        raise


def read_json(
    body: bytes, content_type: str, parse: Callable[[bytes], Read], *, accepted: str = "application/json"
) -> Read:
    """What `parse` reads in a body of JSON.

    Raises `UnsupportedMediaType`, which names what is `accepted`, and what FastAPI raises for a body that it
    reads by itself.
    """
    if media_type(content_type) != "application/json":
        raise UnsupportedMediaType(f"send {accepted}, and say so in the header content-type")
    try:
        return parse(body)
    except orjson.JSONDecodeError as error:
        raise not_json(error.pos) from None
    except ValidationError as error:
        raise does_not_fit(error) from None


def parse_json(body: bytes) -> Any:
    """Any JSON. Raises `orjson.JSONDecodeError`."""
    return orjson.loads(body)
