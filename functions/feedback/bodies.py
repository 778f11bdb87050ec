"""The body of POST /feedback: an outcome, or a list of them, as JSON; or a table of them, as CSV."""

import json
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, TypeAdapter, ValidationError, WithJsonSchema
from starlette.exceptions import HTTPException

from functions.core.base.errors import UnsupportedMediaType
from functions.core.http.api import does_not_fit, not_json
from functions.core.http.bodies import media_type
from functions.feedback.openapi import OUTCOME
from functions.feedback.outcomes import MAX_OUTCOMES


def _one_or_many(body: Any) -> Literal["one", "many"] | None:
    kinds: dict[type, Literal["one", "many"]] = {dict: "one", list: "many"}
    return kinds.get(type(body))


# What is in them is for the model's schema to say: see `functions.feedback.outcomes`.
Outcomes = Annotated[
    Annotated[dict[str, Any], WithJsonSchema(OUTCOME), Tag("one")]
    | Annotated[
        list[Any],
        Field(min_length=1, max_length=MAX_OUTCOMES),
        WithJsonSchema({"type": "array", "items": OUTCOME, "minItems": 1, "maxItems": MAX_OUTCOMES}),
        Tag("many"),
    ],
    Discriminator(
        _one_or_many,
        custom_error_type="outcomes",
        custom_error_message="Send an outcome, or a list of outcomes",
    ),
]
_OUTCOMES: TypeAdapter[dict[str, Any] | list[Any]] = TypeAdapter(Outcomes)

OUTCOMES_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        "application/json": {"schema": _OUTCOMES.json_schema()},
        "text/csv": {
            "schema": {
                "type": "string",
                "description": "A table with the columns `prediction_id`, the target's, and `note`, if there "
                "are notes; any others are passed over",
                "examples": ["prediction_id,survived\n01a1feaa-00ea-7752-9015-c9355649249c,1\n"],
            }
        },
    },
}


def read_json_outcomes(body: bytes, content_type: str) -> dict[str, Any] | list[Any]:
    """An outcome or a list, still to be read by the model's schema.

    Raises `UnsupportedMediaType`, and what FastAPI raises for a body that it reads by itself.
    """
    kind = media_type(content_type)
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        raise UnsupportedMediaType(
            "the body was not read; send it with the header content-type: application/json, or text/csv"
        )
    try:
        return _OUTCOMES.validate_python(json.loads(body))
    except json.JSONDecodeError as error:
        raise not_json(error.pos) from None
    except ValidationError as error:
        raise does_not_fit(error) from None
    except (ValueError, RecursionError):
        raise HTTPException(400, "There was an error parsing the body") from None
