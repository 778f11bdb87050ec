"""The predict function's HTTP API: Lifeboat's own routes, and the dialects that other tools speak."""

from functions.core.http.api import add_document, new_api
from functions.predict.app import invocations, native, replay, v2
from functions.predict.app.common import MAY_PREDICT

ROUTERS = (native.router, replay.router, v2.router, invocations.router)

app = new_api(
    "Lifeboat",
    "Would this passenger have survived the Titanic?",
)
for router in ROUTERS:
    app.include_router(router)
add_document(app, "", MAY_PREDICT)
