"""The schema that a model is trained by next: read, and written by people."""

import json
from typing import Any

from pydantic import BaseModel, Field

from functions.core.base.errors import Conflict, InvalidInput, NotFound, UnusableRecord
from functions.core.registry.models import check_model_name
from functions.core.schema.document.parsing import InvalidSchema, objection_to_document, parse_schema
from functions.core.schema.schema import Schema
from functions.core.storage.view import SCHEMA, ModelStore


class KeptSchema(BaseModel):
    """What became of a schema that was sent."""

    model: str
    created: bool = Field(description="Whether the model had no schema before")
    counts: str = Field(
        description="From when on it counts", examples=["from the next upload to datasets/churn/ on"]
    )
    notes: list[str] = Field(description="What was passed over in it, in sentences")


def read_document(store: ModelStore) -> dict[str, Any]:
    """The document for the next training. Raises `NotFound`, and `UnusableRecord` when it is damaged."""
    document: Any
    try:
        document = json.loads(store.get(SCHEMA).body)
    except NotFound as error:
        raise NotFound(
            f"the model {store.model} has no schema for its next training, so that one is inferred from the "
            f"file; GET /models/{store.model} has the schema of its champion"
        ) from error
    except (ValueError, RecursionError):
        document = None
    # What cannot be written as JSON again cannot be answered either.
    if not isinstance(document, dict) or objection_to_document(document):
        raise UnusableRecord(f"the schema of the model {store.model} is damaged; send another")
    return document


def write_schema(store: ModelStore, document: object) -> KeptSchema:
    """Keep a schema for the next training; a model that is not known yet begins with it.

    Raises `InvalidInput` with every fault, and `Conflict` when somebody else wrote at the same moment.
    """
    check_model_name(store.model)
    schema = _checked(document)
    body = schema.as_json()
    try:
        etag = store.head(SCHEMA).etag
    except NotFound:
        etag = None
    try:
        if etag is None:
            store.create(SCHEMA, body)
        else:
            store.replace(SCHEMA, body, etag=etag)
    except Conflict as error:
        raise Conflict(
            f"somebody else wrote the schema of the model {store.model} first; look at theirs, and send "
            "yours again if it is still right"
        ) from error
    return KeptSchema(
        model=store.model,
        created=etag is None,
        counts=f"from the next upload to {store.full('datasets/')} on",
        notes=list(schema.notes),
    )


def _checked(document: object) -> Schema:
    try:
        return parse_schema(document)
    except InvalidSchema as error:
        raise InvalidInput(
            "the schema does not fit; `detail` says how",
            [{"loc": ["body"], "msg": sentence, "type": "schema"} for sentence in error.faults],
        ) from error
