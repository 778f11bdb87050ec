"""How the API of every HTTP function is put together: errors, limits, keys, and its own document."""

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from fastapi import Depends, FastAPI, Request, Security
from fastapi.exceptions import RequestValidationError
from fastapi.security import APIKeyHeader, HTTPBearer
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse

from functions.core import http
from functions.core.access import Caller, caller_of
from functions.core.documentation import describe, documentation_page, operation_id
from functions.core.errors import LifeboatError
from functions.core.logs import log
from functions.core.middleware import MIDDLEWARE

_ID = re.compile(r"[0-9a-f]{16}")

Check = Callable[[Request], Awaitable[Caller]]


def new_api(title: str, description: str) -> FastAPI:
    """An API without routes: closed to who shows no key, with Lifeboat's limits and its error envelope."""
    return FastAPI(
        title=title,
        description=description,
        version="1.0.0",
        # Served by `add_document`, to those who have a key.
        openapi_url=None,
        generate_unique_id_function=operation_id,
        responses=http.ANYWHERE,
        middleware=MIDDLEWARE,
        exception_handlers={
            LifeboatError: http.on_failure,
            RequestValidationError: http.on_invalid,
            HTTPException: http.on_http,
            Exception: http.on_crash,
        },
    )


def add_document(app: FastAPI, prefix: str, dependencies: Sequence[Any]) -> None:
    """Serve the OpenAPI document of `app`, and the page that shows it, below `prefix`."""

    @app.get(f"{prefix}/openapi.json", include_in_schema=False, dependencies=dependencies)
    async def document() -> dict[str, Any]:
        return describe(app)

    @app.get(f"{prefix}/docs", include_in_schema=False, dependencies=dependencies)
    async def docs() -> HTMLResponse:
        return documentation_page(describe(app))


def holder_of(scope: str) -> Check:
    """A dependency: the caller, who has to have `scope`. What an administrator asks for is logged."""

    async def check(request: Request) -> Caller:
        caller = caller_of(request.scope["aws.event"])
        caller.require(scope)
        if scope == "admin":
            # Only what is an id: a path may hold whatever people put there.
            named = {name: value for name, value in request.path_params.items() if _ID.fullmatch(str(value))}
            log(
                "INFO",
                "administrator",
                key_id=caller.key_id,
                route=http.route(request),
                request_id=http.request_id(request.scope),
                **named,
            )
        return caller

    return check


def guarded_by(check: Check) -> list[Any]:
    """The dependencies of a route that takes a key.

    They come before everything else: who may not ask learns nothing of what is wrong with the body. The
    schemes only tell the documentation where a key goes; functions.authorize reads it there.
    """
    return [
        Security(APIKeyHeader(name="x-api-key", auto_error=False)),
        Security(HTTPBearer(auto_error=False)),
        Depends(check),
    ]
