"""What a route takes, for who sends it something else: query parameters that it does not have, no body."""

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request

from functions.core.base.errors import InvalidInput

_MAX_NAME = 100


def refuse_unknown_parameters(
    request: Request, declared: Sequence[str], more: Mapping[str, Any] | None
) -> None:
    """Raises `InvalidInput` that names each query parameter the route does not have, and the nearest it has.

    declared: those of the route's signature. more: what the route adds to its description (`openapi_extra`);
    where that takes parameters of any name, the route itself says which are unknown.
    """
    described = [item for item in (more or {}).get("parameters", ()) if item["in"] == "query"]
    if any("additionalProperties" in item["schema"] for item in described):
        return
    known = [*declared, *(item["name"] for item in described)]
    faults = [
        {"loc": ["query", name[:_MAX_NAME]], "msg": _unknown(name, known), "type": "unknown"}
        for name in dict.fromkeys(request.query_params)
        if name not in known
    ]
    if faults:
        raise InvalidInput("the input does not fit; `detail` says where", faults)


def _unknown(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name[:_MAX_NAME].lower(), known, n=1)
    if near:
        return f"is no parameter of this route; did you mean {near[0]}?"
    return f"is no parameter of this route; it has {', '.join(known) if known else 'none'}"


def describe_body(schema: Mapping[str, Any] | None, described: Mapping[str, Any] | None) -> str:
    """What the body of a route is, for a sentence. schema: of the body that FastAPI reads. described: the
    `requestBody` of a route that reads its own."""
    if described:
        return f"{' or '.join(described['content'])}; GET /openapi.json has an example"
    required = ", ".join((schema or {}).get("required", ()))
    return f"JSON with {required}" if required else "JSON"
