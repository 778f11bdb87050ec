"""The schema that a model is trained by next: it tells whether a file would make another version."""

import json
from typing import Any

from functions.core.base.errors import NotFound
from functions.core.storage.view import SCHEMA, ModelStore


def schema_of_today(store: ModelStore) -> dict[str, Any] | None:
    """The document; None where there is none, or it is damaged: then the next training says so."""
    try:
        document = json.loads(store.get(SCHEMA).body)
    except (NotFound, ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None
