"""The pages of the API: each route, and the shapes of what is sent and answered, from an OpenAPI document."""

import json
from collections.abc import Iterator
from typing import Any

Document = dict[str, Any]

_MODEL = "/models/{model}"
_REF = "#/components/schemas/"
_CONSTRAINTS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "exclusiveMinimum": "more than {}",
    "exclusiveMaximum": "less than {}",
    "minLength": "{} characters or more",
    "maxLength": "up to {} characters",
    "minItems": "{} or more",
    "maxItems": "up to {}",
    "default": "otherwise {}",
}


def routes_page(document: Document) -> str:
    """The page of all routes, by subject; a route that also stands below a model's name is shown once."""
    info = document["info"]
    lines = [f"# Routes of the API, {info['version']}", "", info["description"], ""]
    common = _common_answers(document)
    lines += ["Each route may answer one of these; what else a route answers stands with it.", ""]
    lines += [
        "| status | |",
        "|---|---|",
        *(f"| {status} | {_cell(words)} |" for status, words in common),
        "",
    ]
    for tag in document["tags"]:
        lines += [f"## {tag['name'].capitalize()}", "", f"{tag['description']}.", ""]
        for method, path, operation in _operations(document):
            if tag["name"] in operation["tags"] and not _is_shown_at_the_root(document, method, path):
                lines += _route(document, method, path, operation, {*common})
    return "\n".join(lines)


def shapes_page(document: Document) -> str:
    """The page of the shapes that routes take and give, in the order of their names."""
    lines = ["# Shapes", "", "What the API takes and answers as JSON.", ""]
    for name, shape in sorted(document["components"]["schemas"].items()):
        lines += [f"(shape-{name})=", f"## {name}", ""]
        lines += [f"{shape['description']}\n"] if "description" in shape else []
        lines += _fields(shape)
    return "\n".join(lines)


def _operations(document: Document) -> Iterator[tuple[str, str, Document]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield method, path, operation


def _is_shown_at_the_root(document: Document, method: str, path: str) -> bool:
    """Whether the route is that of one model, and the default model has the same at the root."""
    here = document["paths"].get(path, {}).get(method)
    short = path.removeprefix(_MODEL)
    at_root = document["paths"].get(short, {}).get(method)
    return short != path and bool(here and at_root) and here["summary"] == at_root["summary"]


def _common_answers(document: Document) -> list[tuple[str, str]]:
    """The answers that all routes which want a key have in common: status and description."""
    of_routes = [
        {(status, answer["description"]) for status, answer in operation["responses"].items()}
        for _, _, operation in _operations(document)
        if operation["security"]
    ]
    return sorted(set.intersection(*of_routes)) if of_routes else []


def _route(
    document: Document, method: str, path: str, operation: Document, common: set[tuple[str, str]]
) -> Iterator[str]:
    yield from (f"### {method.upper()} {path}", "", f"**{operation['summary']}**", "")
    if _is_shown_at_the_root(document, method, f"{_MODEL}{path}"):
        yield from (f"Also `{_MODEL}{path}`.", "")
    if not operation["security"]:
        yield from ("Open to everybody.", "")
    if "description" in operation:
        yield from (operation["description"], "")
    if parameters := operation.get("parameters"):
        yield from ("| parameter | in | type | |", "|---|---|---|---|")
        for one in parameters:
            needed = "" if one["in"] == "path" or not one.get("required") else "required; "
            words = f"{needed}{one.get('description', '')}"
            yield f"| `{one['name']}` | {one['in']} | {_type(one['schema'])} | {_cell(words)} |"
        yield ""
    if body := operation.get("requestBody"):
        yield from (f"Body: {_contents(body['content'])}.", "")
    yield from ("| answer | body | |", "|---|---|---|")
    for status, answer in sorted(operation["responses"].items()):
        if (status, answer["description"]) not in common:
            yield f"| {status} | {_contents(answer.get('content', {}))} | {_cell(answer['description'])} |"
    yield ""


def _contents(content: Document) -> str:
    return ", or ".join(
        f"{_type(media['schema'])} as `{kind}`" if media.get("schema") else f"`{kind}`"
        for kind, media in content.items()
    )


def _fields(shape: Document) -> Iterator[str]:
    if "properties" not in shape:
        yield from (_type(shape), "")
        return
    required = {*shape.get("required", ())}
    yield from ("| field | type | |", "|---|---|---|")
    for name, field in shape["properties"].items():
        words = f"{'required; ' if name in required else ''}{field.get('description', '')}"
        yield f"| `{name}` | {_type(field)} | {_cell(words.removesuffix('; '))} |"
    yield ""


def _type(schema: Document | bool) -> str:
    """What a JSON Schema allows, in a few words, with links to the shapes that have names."""
    if isinstance(schema, bool) or not schema:
        return "anything"
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(_REF)
        return f"[{name}](#shape-{name})"
    for key in ("anyOf", "oneOf", "allOf"):
        if key in schema:
            return " or ".join(dict.fromkeys(_type(option) for option in schema[key]))
    words = _bare_type(schema)
    limits = [text.format(_value(schema[key])) for key, text in _CONSTRAINTS.items() if key in schema]
    return _cell(", ".join([words, *limits]))


def _bare_type(schema: Document) -> str:
    if "const" in schema:
        return _value(schema["const"])
    if "enum" in schema:
        return " or ".join(_value(value) for value in schema["enum"])
    kind = schema.get("type", "anything")
    if isinstance(kind, list):
        return " or ".join(kind)
    if kind == "array":
        return f"list of {_type(schema.get('items', {}))}"
    if kind == "object" and (values := schema.get("additionalProperties")) not in (None, False, True):
        return f"object of {_type(values)}"
    return f"{kind} ({schema['format']})" if "format" in schema else str(kind)


def _value(value: object) -> str:
    return f"`{json.dumps(value, ensure_ascii=False)}`"


def _cell(text: str) -> str:
    """Text that stays in one cell of a table."""
    return text.replace("\n", " ").replace("|", "\\|")
