"""The predict function's HTTP API: Lifeboat's own routes, and the dialects that other tools speak."""

from typing import Any

from fastapi import APIRouter, Request

from functions.core.http.api import located, new_api
from functions.predict.document import describe_model, describe_only, schema_of
from functions.predict.invocations import routes as invocations
from functions.predict.native import routes as native
from functions.predict.replay import routes as replay
from functions.predict.routing import MAY_ASK, MAY_PREDICT, CurrentService, ModelName
from functions.predict.v2 import routes as v2

app = new_api("Lifeboat", "Asks the models of tables: scores, explanations, and what was answered.")

documents = APIRouter(include_in_schema=False, dependencies=MAY_PREDICT)


@app.get("/openapi.json", include_in_schema=False, dependencies=MAY_ASK)
async def document(request: Request, service: CurrentService) -> dict[str, Any]:
    # As `functions.core.http.api.add_document`, with the rows of a model in it.
    return located(describe_model(app, schema_of(service, service.settings.default_model)), request)


@documents.get("/openapi.json")
async def document_of_model(request: Request, service: CurrentService, name: ModelName) -> dict[str, Any]:
    return located(describe_only(app, schema_of(service, name), name), request)


OF_A_MODEL = "/models/{model}"
ROUTERS = (
    ("", native.root),
    ("", native.router),
    ("", replay.router),
    ("", v2.router),
    ("", invocations.root),
    ("", invocations.router),
    (OF_A_MODEL, native.router),
    (OF_A_MODEL, replay.router),
    (OF_A_MODEL, invocations.router),
    (OF_A_MODEL, documents),
)
for prefix, router in ROUTERS:
    app.include_router(router, prefix=prefix)
