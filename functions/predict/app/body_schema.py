"""The schema of a body that a route reads by hand, for the OpenAPI document."""

from typing import Any

from pydantic import BaseModel

# What a CSV looks like, for the same document.
CSV_BODY = {"schema": {"type": "string"}, "example": "pclass,sex,age\n1,female,29\n3,male,\n"}


def body_schema(model: type[BaseModel]) -> dict[str, Any]:
    """The JSON schema of `model` in one piece: its references would lead nowhere in the document."""
    schema = model.model_json_schema()
    definitions = schema.pop("$defs", {})

    def inlined(part: Any) -> Any:
        if isinstance(part, list):
            return [inlined(one) for one in part]
        if not isinstance(part, dict):
            return part
        if "$ref" in part:
            return inlined(definitions[part["$ref"].rpartition("/")[2]])
        return {name: inlined(one) for name, one in part.items()}

    found: dict[str, Any] = inlined(schema)
    return found
