"""A row as JSON Schema (2020-12), for the OpenAPI document of a model's routes."""

from typing import Any

from functions.core.schema.schema import LARGEST, Field, Schema
from functions.core.schema.target import Target


def row_schema(schema: Schema) -> dict[str, Any]:
    """What `RowReader.read` accepts under the names of the schema; it also takes their aliases."""
    fields = [*schema.features, *schema.sources.values()]
    derived = {derived.source: derived.name for derived in schema.derived}
    return {
        "type": "object",
        "title": schema.row_name[0].capitalize(),
        "description": (
            f"One {schema.row_name[0]}. What is unknown is left out, or null. Names are matched without "
            "regard to case, spaces, dots, dashes and underscores."
        ),
        "properties": {field.name: _property(field, derived.get(field.name)) for field in fields},
        "required": [field.name for field in fields if field.required],
        "additionalProperties": False,
        "examples": [schema.example()],
    }


def outcome_schema(target: Target) -> dict[str, Any]:
    """The two values that an answer has under the target's name."""
    negative, positive = target.answers
    if isinstance(positive, bool):
        return {"type": "boolean"}
    return {"enum": [negative, positive]}


def _property(field: Field, derives: str | None) -> dict[str, Any]:
    rule: dict[str, Any]
    if field.type == "string":
        rule = (
            {"enum": list(field.words)} if field.words else {"type": "string", "maxLength": field.max_length}
        )
    elif field.categories:
        rule = {"enum": list(field.categories)}
    else:
        rule = {"type": field.type}
        if field.minimum != -LARGEST:
            rule["minimum"] = field.minimum
        if field.maximum != LARGEST:
            rule["maximum"] = field.maximum
    if not field.required:
        rule = {"anyOf": [rule, {"type": "null"}]}
    description = field.description
    if derives:
        description = f"{description} Only its {derives} is used; it is never stored".strip()
    if description:
        rule["description"] = description
    return rule
