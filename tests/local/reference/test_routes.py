"""The pages of routes and shapes, made from openapi.json."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from functions.local.reference.routes import routes_page, shapes_page

DOCUMENT = json.loads((Path(__file__).parents[3] / "openapi.json").read_text(encoding="utf-8"))
ROUTES, SHAPES = routes_page(DOCUMENT), shapes_page(DOCUMENT)


def test_every_route_is_shown_once_with_its_summary() -> None:
    shown = re.findall(r"^### (\w+) (\S+)$|^Also `(\S+)`\.$", ROUTES, re.MULTILINE)
    method, routes = "", []
    for verb, path, twin in shown:
        method = verb or method
        routes.append((method, path or twin))
    declared = [(verb.upper(), path) for path, item in DOCUMENT["paths"].items() for verb in item]
    assert sorted(routes) == sorted(declared)
    for item in DOCUMENT["paths"].values():
        for operation in item.values():
            assert f"**{operation['summary']}**" in ROUTES


def test_every_shape_is_there_and_every_link_leads_to_one() -> None:
    named = {*re.findall(r"^\(shape-(\w+)\)=$", SHAPES, re.MULTILINE)}
    assert named == {*DOCUMENT["components"]["schemas"]}
    assert {*re.findall(r"\(#shape-(\w+)\)", ROUTES + SHAPES)} <= named


def test_a_route_that_is_open_says_so() -> None:
    [live] = re.findall(r"^### GET /health/live\n(.*?)^### ", ROUTES, re.MULTILINE | re.DOTALL)
    assert "Open to everybody." in live


def test_answers_that_every_route_may_give_stand_once_above_them() -> None:
    assert ROUTES.count("There is no valid key or access token") == 1
    assert "| 404 |" in ROUTES


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "integer", "minimum": 0, "maximum": 5}, "integer, at least `0`, at most `5`"),
        ({"type": "array", "items": {"$ref": "#/components/schemas/A"}}, "list of [A](#shape-A)"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "string or null"),
        ({"enum": ["a", 1]}, '`"a"` or `1`'),
        ({"const": "a|b"}, '`"a\\|b"`'),
        ({"type": ["string", "null"]}, "string or null"),
        ({"type": "string", "format": "date-time"}, "string (date-time)"),
        ({"type": "object", "additionalProperties": {"type": "number"}}, "object of number"),
        ({"type": "object", "additionalProperties": True}, "object"),
        ({}, "anything"),
    ],
)
def test_a_type_is_told_in_words(schema: dict[str, Any], words: str) -> None:
    shape = {"properties": {"field": schema | {"description": "What it is"}}, "required": ["field"]}
    page = shapes_page({"components": {"schemas": {"A": shape}}})
    # What has nothing but its description may be anything.
    assert f"| `field` | {words} | required; What it is |" in page
