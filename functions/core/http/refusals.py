"""What every HTTP function answers with when something is wrong."""

import json
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Scope

from functions.core.base.errors import (
    Conflict,
    Forbidden,
    InvalidInput,
    LifeboatError,
    NoChampion,
    NotFound,
    ParameterFull,
    PayloadTooLarge,
    StoreUnavailable,
    TooManyHeaders,
    Unauthorized,
    UnreadableBody,
    UnsoundAnswer,
    UnsupportedMediaType,
    UnusableKeys,
    UnusableModel,
    UnusableRecord,
)
from functions.core.base.logs import log
from functions.core.http.limits import ANSWER_HEADERS

MAX_DETAILS = 20
NOT_JSON = "the body is not JSON in UTF-8"

STATUS: dict[type[LifeboatError], tuple[int, str]] = {
    InvalidInput: (422, "INVALID_INPUT"),
    Unauthorized: (401, "UNAUTHORIZED"),
    Forbidden: (403, "FORBIDDEN"),
    UnreadableBody: (400, "UNREADABLE_BODY"),
    PayloadTooLarge: (413, "PAYLOAD_TOO_LARGE"),
    UnsupportedMediaType: (415, "UNSUPPORTED_MEDIA_TYPE"),
    TooManyHeaders: (431, "TOO_MANY_HEADERS"),
    NotFound: (404, "NOT_FOUND"),
    Conflict: (409, "CONFLICT"),
    NoChampion: (503, "NO_CHAMPION"),
    UnusableModel: (503, "UNUSABLE_MODEL"),
    UnsoundAnswer: (500, "UNSOUND_ANSWER"),
    UnusableRecord: (503, "UNUSABLE_RECORD"),
    UnusableKeys: (503, "UNUSABLE_KEYS"),
    ParameterFull: (409, "KEYS_FULL"),
    StoreUnavailable: (503, "STORE_UNAVAILABLE"),
}
_UNKNOWN = (500, "INTERNAL")
# What each refusal means, for the OpenAPI documents.
_MEANING = {
    400: "The body is empty, damaged or not JSON",
    401: "There is no valid key or access token",
    403: "The caller does not have the scope",
    404: "There is nothing of that name",
    409: "A rule forbids it, or somebody else was first; nothing has changed",
    413: "The body is too large, or the answer would be",
    415: "The body was not sent in a type or an encoding that is read here",
    422: "A field does not fit",
    431: "There are too many headers",
    500: "A mistake of ours; the request id finds it in the logs",
    503: "There is no usable model, or the store is away",
}
_CODES = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}
# What FastAPI says (400) when parsing a body fails in any way but a syntax error: no UTF-8, too deep.
_UNPARSED = "There was an error parsing the body"


class ErrorDetail(BaseModel):
    """One thing wrong with the input: where it is, what is wrong, and the kind of mistake."""

    loc: list[str | int]
    msg: str
    type: str


class ErrorEnvelope(BaseModel):
    """The body of every answer that is not a success."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "error": "the input does not fit; `detail` says where",
                "code": "INVALID_INPUT",
                "detail": [{"loc": ["body", "age"], "msg": "is required", "type": "missing"}],
                "request_id": "JKJaXmPLvHcESHA=",
            }
        }
    )

    error: str = Field(description="What went wrong and what to do, in a sentence")
    code: str = Field(description="The same for programs")
    detail: list[ErrorDetail]
    request_id: str


def error_answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The refusals of a route, for FastAPI's `responses`."""
    return {status: {"model": ErrorEnvelope, "description": _MEANING[status]} for status in statuses}


# Whatever the route: see `core.http.middleware`, and `on_crash`.
ANYWHERE = error_answers(413, 431, 500)


def request_id(scope: Scope) -> str:
    """The gateway's id of this request; empty outside a gateway."""
    return str(scope.get("aws.event", {}).get("requestContext", {}).get("requestId", ""))


def route(request: Request) -> str:
    """The route that the gateway found for a request. For logs: a path may hold whatever people put there."""
    return str(request.scope.get("aws.event", {}).get("routeKey", ""))


def envelope(
    request: Request, status: int, code: str, error: str, detail: Sequence[dict[str, Any]] = ()
) -> JSONResponse:
    body = ErrorEnvelope(
        error=error,
        code=code,
        detail=[ErrorDetail.model_validate(item) for item in detail],
        request_id=request_id(request.scope),
    )
    return AsciiJSON(body.model_dump(), status)


class AsciiJSON(JSONResponse):
    """JSON with all beyond ASCII escaped: a field's name may hold a lone surrogate, which UTF-8 cannot."""

    def render(self, content: Any) -> bytes:
        return json.dumps(content, separators=(",", ":")).encode("ascii")


async def on_failure(request: Request, error: Exception) -> JSONResponse:
    """A failure that Lifeboat understands."""
    status, code = next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), _UNKNOWN)
    if status >= 500:
        log("ERROR", "request failed", error=repr(error), cause=repr(error.__cause__), route=route(request))
    detail = list(getattr(error, "detail", ()))[:MAX_DETAILS]
    answer = envelope(
        request, status, code, str(error) if (status, code) != _UNKNOWN else "internal error", detail
    )
    if status == 401:
        # A 401 names the scheme that would be accepted (RFC 9110, section 11.6.1).
        answer.headers["www-authenticate"] = "Bearer"
    return answer


async def on_http(request: Request, error: Exception) -> JSONResponse:
    """What the framework refuses by itself: unknown paths, wrong methods, bodies it cannot decode."""
    if not isinstance(error, HTTPException):
        return await on_crash(request, error)
    if error.detail == _UNPARSED:
        return envelope(request, 400, "INVALID_JSON", NOT_JSON)
    answer = envelope(
        request, error.status_code, _CODES.get(error.status_code, "BAD_REQUEST"), error.detail.lower()
    )
    answer.headers.update(error.headers or {})
    return answer


async def on_crash(request: Request, error: Exception) -> JSONResponse:
    """A mistake of ours: the log has all of it, the caller none."""
    log("ERROR", "unexpected error", error=repr(error), route=route(request))
    answer = envelope(request, 500, "INTERNAL", "internal error; the request id finds it in the logs")
    # Starlette answers a crash outside the middleware that sets them.
    for name, value in ANSWER_HEADERS:
        answer.headers[name.decode()] = value.decode()
    return answer
