"""How the API of every HTTP function is put together: errors, limits, keys, and its own document."""

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from fastapi import Depends, FastAPI, Request, Security
from fastapi.dependencies.utils import get_flat_params
from fastapi.exceptions import RequestValidationError
from fastapi.params import Query
from fastapi.routing import APIRoute
from fastapi.security import APIKeyHeader, HTTPBearer
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from functions.core import __version__
from functions.core.base.errors import LifeboatError, NotFound, UnreadableBody
from functions.core.base.ids import MODEL, VERSION
from functions.core.base.logs import log
from functions.core.http import refusals
from functions.core.http.documentation import describe, operation_id
from functions.core.http.gateway import variables_of
from functions.core.http.middleware import MIDDLEWARE
from functions.core.http.parameters import describe_body, refuse_unknown_parameters
from functions.core.identity.caller import Caller, caller_of

Check = Callable[[Request], Awaitable[Caller]]
Subject = Callable[[Request, str], str | None]
"""The model that a request is about, if it is about one; the text is the default model's name."""


def new_api(title: str, description: str) -> FastAPI:
    """An API without routes: closed to who shows no key, with Lifeboat's limits and its error envelope."""
    return FastAPI(
        title=title,
        description=description,
        version=__version__,
        # See `add_document`.
        openapi_url=None,
        # The gateway knows no path with a slash behind it, and a redirect would go wherever Host says.
        redirect_slashes=False,
        generate_unique_id_function=operation_id,
        responses=refusals.ANYWHERE,
        middleware=MIDDLEWARE,
        exception_handlers={
            LifeboatError: refusals.on_failure,
            RequestValidationError: _on_invalid,
            HTTPException: refusals.on_http,
            Exception: refusals.on_crash,
        },
    )


def add_document(app: FastAPI, dependencies: Sequence[Any]) -> None:
    """Have `app` say what its routes are, for `make openapi`, which puts all of them into one document.

    The API has no route to it: there, /openapi.json is that one document.
    """

    @app.get("/openapi.json", include_in_schema=False, dependencies=dependencies)
    async def document(request: Request) -> dict[str, Any]:
        return located(describe(app), request)


def located(document: dict[str, Any], request: Request) -> dict[str, Any]:
    """An OpenAPI document as who asks finds the API: below a base path or a stage, or at the root."""
    base = request.scope.get("lifeboat.base_path")
    return {**document, "servers": [{"url": base}]} if base else document


def model_of(request: Request, default: str) -> str:
    """The model that a request is about: that of its path (`/models/{model}/...`), else the default one.

    Raises `NotFound` for what cannot be a model's name.
    """
    model = request.path_params.get("model", default)
    if not re.fullmatch(MODEL, model):
        raise NotFound("there is no model of that name; GET /models lists those there are")
    return str(model)


def model_to_be(request: Request, _default: str) -> str:
    """The model that a path names, be it one or not: what is wrong with a new name is said later."""
    return str(request.path_params["model"])


def no_model(_request: Request, _default: str) -> None:
    """The subject of routes that are about no model, such as a document: a key for any model may ask."""


def holder_of(
    scope: str, default_model: Callable[[], str], *, subject: Subject = model_of, also: str | None = None
) -> Check:
    """A dependency: the caller, who has to have `scope`, for the model that the request is about.

    subject: which that is. also: another scope that will do. What an administrator asks for is logged.
    """
    scopes = (scope,) if also is None else (scope, also)

    async def check(request: Request) -> Caller:
        caller = caller_of(request.scope["aws.event"])
        # First: who has not the scope learns nothing of which models there can be.
        caller.require(*scopes)
        _check_route(request)
        caller.require(*scopes, model=subject(request, default_model()))
        if scope == "admin":
            # Only what looks like a version or a model: a path may hold whatever people put there. And a
            # version may stand where other paths have the name of a model.
            named = {
                "version" if re.fullmatch(VERSION, str(value)) else name: value
                for name, value in request.path_params.items()
                if re.fullmatch(VERSION, str(value)) or re.fullmatch(MODEL, str(value))
            }
            log(
                "INFO",
                "administrator",
                key_id=caller.key_id,
                route=refusals.route(request),
                request_id=refusals.request_id(request.scope),
                **named,
            )
        return caller

    return check


def _check_route(request: Request) -> None:
    """Raises `NotFound` where another route would answer than the one that the gateway took: a variable of a
    path may be a word of another."""
    variables = variables_of(request.scope["aws.event"])
    if variables and variables != request.path_params.keys():
        raise NotFound("there is nothing of that name")


_KEY = APIKeyHeader(
    name="x-api-key", auto_error=False, description="A key, as `make key` or an administrator makes it"
)
_BEARER = HTTPBearer(
    auto_error=False, description="An access token of a person or a program (OAuth 2), or a key"
)


def guarded_by(check: Check) -> list[Any]:
    """The dependencies of a route that takes a key.

    They come before everything else: who may not ask learns nothing of what is wrong with the body. The
    schemes only tell the documentation where a key goes; functions.authorize reads it there. A query
    parameter that the route does not have, and a body without a byte, are refused here for all of them; a
    route that reads its body by itself does so with `sent_body`.
    """
    return [
        Security(_KEY),
        Security(_BEARER),
        Depends(check),
        # One, not two: a dependency takes the framework as long as a row takes the graph.
        Depends(_check_what_is_sent),
    ]


async def _check_what_is_sent(request: Request) -> None:
    route: APIRoute = request.scope["route"]
    if request.query_params:
        parameters = get_flat_params(route.dependant)
        declared = [parameter.alias for parameter in parameters if isinstance(parameter.field_info, Query)]
        refuse_unknown_parameters(request, declared, route.openapi_extra)
    if route.body_field:
        await sent_body(request)


def not_json(position: int) -> RequestValidationError:
    """What FastAPI raises for a body that is no JSON from the character at `position` on, from 0."""
    return RequestValidationError(
        [{"type": "json_invalid", "loc": ("body", position), "msg": "", "input": {}}]
    )


def does_not_fit(error: ValidationError) -> RequestValidationError:
    """What FastAPI raises for a body that does not fit, without the values, which may be private."""
    faults = error.errors(include_url=False, include_input=False, include_context=False)
    return RequestValidationError([{**fault, "loc": ("body", *fault["loc"])} for fault in faults])


async def sent_body(request: Request) -> bytes:
    """The body of a request to a route that needs one. Raises `UnreadableBody` where it is empty."""
    body = await request.body()
    if not body:
        route: APIRoute = request.scope["route"]
        described = (route.openapi_extra or {}).get("requestBody")
        raise UnreadableBody(f"the body is empty; send {describe_body(_body_schema(route), described)}")
    return body


def _body_schema(route: APIRoute) -> dict[str, Any] | None:
    """The JSON schema of the body that FastAPI reads for a route."""
    kind = route.body_field.field_info.annotation if route.body_field else None
    return kind.model_json_schema() if isinstance(kind, type) and issubclass(kind, BaseModel) else None


# What pydantic says of a query parameter would not tell what to send.
_IN_OUR_WORDS = {"bool_parsing": "must be true or false", "int_parsing": "must be a whole number"}


async def _on_invalid(request: Request, error: Exception) -> JSONResponse:
    """A body or parameter that does not fit its model."""
    if not isinstance(error, RequestValidationError):
        return await refusals.on_crash(request, error)
    faults = error.errors()
    if unread := next((item for item in faults if item["type"] == "json_invalid"), None):
        reason = f"{refusals.NOT_JSON}; it stops being so at character {unread['loc'][-1] + 1}"
        return refusals.envelope(request, 400, "INVALID_JSON", reason)
    if any(item["loc"] == ("body",) and isinstance(item.get("input"), bytes) for item in faults):
        reason = "the body was not read as JSON; send it with the header content-type: application/json"
        return refusals.envelope(request, 415, "UNSUPPORTED_MEDIA_TYPE", reason)
    detail = [
        {
            "loc": [part if isinstance(part, int) else part[:100] for part in item["loc"]],
            "msg": _IN_OUR_WORDS.get(item["type"], item["msg"]),
            "type": item["type"],
        }
        for item in faults[: refusals.MAX_DETAILS]
    ]
    return refusals.envelope(
        request, 422, "INVALID_INPUT", "the input does not fit; `detail` says where", detail
    )
