"""openapi.json as it is served: what a client has to know of the API, and which routes there are."""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from functions.pages.site import Served, serve

# In the repository, where `make openapi` writes it, as in a bundle, into which it is copied.
DOCUMENT = Path(__file__).parents[2] / "openapi.json"


@dataclass(frozen=True, slots=True)
class Description:
    """The document, and the methods of each path that it describes."""

    served: Served
    routes: dict[str, list[str]]


@lru_cache(maxsize=1)
def description() -> Description:
    """Read once in a process: it is of one version of the API."""
    document = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    routes = {path: [method.upper() for method in item] for path, item in document["paths"].items()}
    body = json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()
    return Description(serve(DOCUMENT.name, body, "no-cache"), routes)
