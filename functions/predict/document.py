"""The OpenAPI document of this function: what rows and outcomes of a model are comes from its schema."""

import copy
import csv
import io
from typing import Any

from functions.core.base.errors import LifeboatError
from functions.core.base.texts import MAX_REFERENCE
from functions.core.http.documentation import Documented, describe
from functions.core.schema.document.json_schema import outcome_schema, row_schema
from functions.core.schema.document.parsing import read_schema
from functions.core.schema.schema import REFERENCE, Schema
from functions.core.storage.view import SCHEMA
from functions.predict.body_schema import BATCH, ROW
from functions.predict.native.bodies import ROWS
from functions.predict.rows import MAX_ROWS
from functions.predict.service import Service

Document = dict[str, Any]

_ANSWERS = ("Answer", "Prediction", "RowAnswer")
_ANY_ROW: Document = {"type": "object", "description": "One row: its fields by name"}


def schema_of(service: Service, model: str) -> Schema | None:
    """That of the champion, or else that of the next training; None where there is neither."""
    try:
        return service.champion(model).served.schema
    except LifeboatError:
        try:
            return read_schema(service.store_of(model).get(SCHEMA).body)
        except LifeboatError:
            return None


def describe_model(app: Documented, schema: Schema | None) -> Document:
    """The whole document, with the default model's rows."""
    document = copy.deepcopy(describe(app))
    components = document["components"]["schemas"]
    components[ROW] = _row(schema) if schema else _ANY_ROW
    components[BATCH] = _batch(schema)
    if schema is None:
        return document
    for name in _ANSWERS:
        components[name]["properties"][schema.target.name] = outcome_schema(schema.target)
        components[name]["required"].append(schema.target.name)
    examples = _examples(schema)
    for path, item in document["paths"].items():
        for ending, by_type in examples.items():
            if path.endswith(ending):
                for media_type, example in by_type.items():
                    item["post"]["requestBody"]["content"][media_type]["example"] = example
    return document


def describe_only(app: Documented, schema: Schema | None, model: str) -> Document:
    """The document of the routes of one model, which has its name in their paths."""
    document = describe_model(app, schema)
    document["info"]["title"] = f"{document['info']['title']}: {model}"
    paths = {}
    for path, item in document["paths"].items():
        if path.startswith("/models/{model}/"):
            for operation in item.values():
                operation["parameters"] = [
                    parameter for parameter in operation["parameters"] if parameter["name"] != "model"
                ]
            paths[path.replace("{model}", model)] = item
    return {**document, "paths": paths}


def _row(schema: Schema) -> Document:
    """What a row is, and the caller's own words for it."""
    row = row_schema(schema)
    if schema.takes_references:
        rule = {"anyOf": [{"type": "string", "maxLength": MAX_REFERENCE}, {"type": "null"}]}
        description = "Your own words for the row: no feature; kept in the log and sent back with the answer"
        row["properties"][REFERENCE] = {**rule, "description": description}
    return row


def _batch(schema: Schema | None) -> Document:
    rows = {
        "type": "array",
        "items": {"$ref": f"#/components/schemas/{ROW}"},
        "minItems": 1,
        "maxItems": MAX_ROWS,
    }
    words = dict.fromkeys([ROWS, *([schema.row_name[1]] if schema else [])])
    return {
        "type": "object",
        "description": f"Up to {MAX_ROWS:,} rows, under one of these keys",
        "properties": dict.fromkeys(words, rows),
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
    }


def _examples(schema: Schema) -> dict[str, dict[str, Any]]:
    """Bodies by the ends of their paths and by their media types."""
    row = schema.example()
    tensors = [
        {
            "name": name,
            "shape": [1, 1],
            "datatype": "BYTES" if isinstance(value, str) else "BOOL" if isinstance(value, bool) else "FP64",
            "data": [value],
        }
        for name, value in row.items()
    ]
    return {
        "/predict/batch": {"application/json": {ROWS: [row]}, "text/csv": _table(schema)},
        "/invocations": {"application/json": {"dataframe_records": [row]}, "text/csv": _table(schema)},
        "/infer": {"application/json": {"id": "42", "inputs": tensors}},
    }


def _table(schema: Schema) -> str:
    row = schema.example()
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([row.keys(), row.values()])
    return text.getvalue()
