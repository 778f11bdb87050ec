"""The schemas of bodies that routes read by hand, for the OpenAPI document.

What a row is depends on the model: `functions.predict.document` puts it in where these point to it.
"""

from typing import Any

from pydantic import BaseModel

ROW, BATCH = "Row", "Batch"
ROW_BODY: dict[str, Any] = {"schema": {"$ref": f"#/components/schemas/{ROW}"}}
BATCH_BODY: dict[str, Any] = {"schema": {"$ref": f"#/components/schemas/{BATCH}"}}
CSV_BODY: dict[str, Any] = {"schema": {"type": "string"}}


def body_schema(model: type[BaseModel]) -> dict[str, Any]:
    """The JSON schema of `model` in one piece: its references would lead nowhere in the document."""
    schema = model.model_json_schema()
    definitions = schema.pop("$defs", {})

    def inlined(part: Any) -> Any:
        if isinstance(part, list):
            return [inlined(item) for item in part]
        if not isinstance(part, dict):
            return part
        if "$ref" in part:
            return inlined(definitions[part["$ref"].rpartition("/")[2]])
        return {name: inlined(item) for name, item in part.items()}

    whole: dict[str, Any] = inlined(schema)
    return whole
