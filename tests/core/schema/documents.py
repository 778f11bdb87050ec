"""Documents of schemas, and what is said of them."""

from typing import Any

import pytest

from functions.core.schema.document.parsing import InvalidSchema, parse_schema

FIELDS: list[dict[str, Any]] = [
    {"name": "age", "type": "number"},
    {"name": "plan", "type": "string", "constraints": {"enum": ["basic", "full"]}},
    {"name": "churned", "type": "boolean"},
]


def document(*fields: dict[str, Any], **keys: Any) -> dict[str, Any]:
    return {"fields": [*fields, *FIELDS], "target": "churned", **keys}


def faults(body: object) -> tuple[str, ...]:
    with pytest.raises(InvalidSchema) as refusal:
        parse_schema(body)
    return refusal.value.faults
