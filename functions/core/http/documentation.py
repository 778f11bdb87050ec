"""The OpenAPI document of an HTTP function: what FastAPI says of it, made true."""

import re
from collections.abc import Iterator
from typing import Any, Protocol

from starlette.routing import Route

from functions.core.base.ids import MODEL
from functions.core.http.refusals import error_answers

# The schema of a refusal in FastAPI's own words.
_FASTAPIS = "HTTPValidationError"


# Routes of one model are written once, and stand below /models/{model} as well, where FastAPI sees no
# parameter.
_MODEL = {
    "name": "model",
    "in": "path",
    "required": True,
    "description": "The model's name",
    "schema": {"type": "string", "pattern": MODEL, "examples": ["churn"]},
}


_REFUSALS = {
    status: {
        "description": answer["description"],
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorEnvelope"}}},
    }
    for status, answer in error_answers(400, 415, 422).items()
}


class Documented(Protocol):
    """An application that describes itself, as FastAPI's do."""

    def openapi(self) -> dict[str, Any]: ...


def operation_id(route: Route) -> str:
    """What client generators call a route: `POST /predict/batch` is `post_predict_batch`."""
    (method,) = route.methods or {""}
    return re.sub(r"\W+", "_", f"{method}{route.path}".lower()).strip("_")


def describe(app: Documented) -> dict[str, Any]:
    """The OpenAPI document of `app`, without the answers that it never gives.

    FastAPI documents a 422 of its own for every route with a parameter. Ours are in our envelope; where a
    route lists none, none of its parameters can fail.
    """
    document = app.openapi()
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if "{model}" in path and not any(
                (parameter["name"], parameter["in"]) == ("model", "path")
                for parameter in operation.get("parameters", ())
            ):
                # A list of its own: FastAPI hands out the one that a route brings, which may stand twice.
                operation["parameters"] = [_MODEL, *operation.get("parameters", ())]
            if _FASTAPIS in str(operation["responses"].get("422")):
                del operation["responses"]["422"]
            for status in _refused_before(method, operation):
                operation["responses"].setdefault(str(status), _REFUSALS[status])
    schemas = document["components"]["schemas"]
    for name in (_FASTAPIS, "ValidationError"):
        schemas.pop(name, None)
    return document


def _refused_before(method: str, operation: dict[str, Any]) -> Iterator[int]:
    """What a route need not list, for it is refused before the route: see `core.http.api.guarded_by` and
    `core.http.compression`."""
    if "security" in operation:
        # A query parameter that it does not have.
        yield 422
        if method != "get":
            # A body that is encoded in a way that is not read, or damaged.
            yield from (400, 415)
