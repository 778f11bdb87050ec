"""A second table for the tests: its target has words, and some of its names are Lifeboat's own as well."""

from typing import Any

from functions.core.schema.document.parsing import parse_schema

MODEL = "churn"
DOCUMENT: dict[str, Any] = {
    "rowName": {"one": "customer", "many": "customers"},
    "fields": [
        {
            "name": "Plan Type",
            "type": "string",
            "description": "What was ordered",
            "categories": ["monthly", "yearly"],
            "constraints": {"required": True},
        },
        {"name": "source", "type": "string", "categories": ["web", "shop"]},
        {"name": "paperless", "type": "boolean"},
        {"name": "version", "type": "number", "constraints": {"enum": [0.1, 2, 3]}},
        {"name": "charges", "type": "number", "example": 30.5, "constraints": {"minimum": 0}},
        {"name": "churned", "type": "string", "categories": ["no", "yes"]},
    ],
    "target": {"field": "churned", "positive": "yes"},
    "aliases": {"fields": {"Plan Type": ["tariff"], "churned": ["left us"]}},
}
SCHEMA = parse_schema(DOCUMENT)
CUSTOMER = {"Plan Type": "monthly", "source": "web", "paperless": 1.0, "version": 2.0, "charges": 30.5}
"""The features of a row, as they are logged."""
