"""The predict function's HTTP API: Lifeboat's own routes, and the dialects that other tools speak."""

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from functions.core import http
from functions.core.documentation import operation_id
from functions.core.errors import LifeboatError
from functions.core.middleware import MIDDLEWARE
from functions.predict.app import invocations, native, replay, v2

ROUTERS = (native.router, replay.router, v2.router, invocations.router)

app = FastAPI(
    title="Lifeboat",
    description="Would this passenger have survived the Titanic?",
    version="1.0.0",
    # Served by the routes, to those who have a key.
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
for router in ROUTERS:
    app.include_router(router)
