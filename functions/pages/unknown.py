"""Answers to requests that no route of the API takes, with what to do instead."""

import difflib
import re
from typing import Any

from functions.core.http.gateway import split_path
from functions.pages.refusals import refuse

# Routes that openapi.json does not describe: the pages, and documents.
UNDESCRIBED = {
    **{path: ["GET", "HEAD"] for path in ("/", "/docs", "/openapi.json")},
    "/models/{model}/openapi.json": ["GET"],
}
_VARIABLE = re.compile(r"\{\w+\}")
_MAX_SHOWN = 100


class Unknown:
    """What there is in place of what was asked for.

    routes: the methods of each path, which may have variables (`/models/{model}`).
    """

    def __init__(self, routes: dict[str, list[str]]) -> None:
        self._paths = list(routes)
        self._routes = [(_pattern(path), methods) for path, methods in routes.items()]

    def answer(self, event: dict[str, Any]) -> dict[str, Any]:
        """The gateway's answer to an event of the route `$default`."""
        _, path = split_path(event)
        method = str(event["requestContext"]["http"]["method"])
        headers = {name.lower() for name in event.get("headers") or {}}
        if method == "OPTIONS" and {"origin", "access-control-request-method"} <= headers:
            # A browser asks before it sends a request of another site. The gateway says in its own headers
            # whether that site may; what becomes of the request, the page is to read from its answer.
            return {"statusCode": 204}
        if methods := self._methods(path):
            allowed = ", ".join(sorted(methods))
            if method == "OPTIONS":
                return {"statusCode": 204, "headers": {"allow": allowed}}
            error = f"{_shown(path)} takes {allowed}, and not {method[:20]}"
            return refuse(event, 405, "METHOD_NOT_ALLOWED", error, allow=allowed)
        return refuse(event, 404, "NOT_FOUND", self._nothing_at(path))

    def _methods(self, path: str) -> set[str]:
        return {method for pattern, methods in self._routes if pattern.fullmatch(path) for method in methods}

    def _nothing_at(self, path: str) -> str:
        there_is_none = f"there is nothing at {_shown(path)}"
        shorter = path.rstrip("/")
        if shorter != path and self._methods(shorter):
            return f"{there_is_none}; ask for {_shown(shorter)}, without the slash at its end"
        if near := difflib.get_close_matches(path[:_MAX_SHOWN], self._paths, n=1, cutoff=0.8):
            return f"{there_is_none}; did you mean {near[0]}? GET /openapi.json lists what there is"
        return f"{there_is_none}; GET /openapi.json lists what there is"


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile("[^/]+".join(map(re.escape, _VARIABLE.split(path))))


def _shown(path: str) -> str:
    return path if len(path) <= _MAX_SHOWN else f"{path[:_MAX_SHOWN]}..."
