"""openapi.json: it is what the functions say of themselves, and all that a client has to know."""

import asyncio
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from functions.core import __version__
from functions.local.__main__ import main
from functions.local.platform.template import Template, read_template
from functions.local.tools.openapi import DOCUMENT, describe_api, merge
from functions.local.tools.subjects import SUBJECTS, subject_of
from tests.support.declared import TEMPLATE

COMMITTED: dict[str, Any] = json.loads(DOCUMENT.read_text(encoding="utf-8"))
# What is for browsers, and documents, describe nothing.
UNDESCRIBED = re.compile(r"\$default|/|/docs|/assets/.*|.*/openapi\.json")


@pytest.fixture(scope="module")
def template() -> Template:
    return read_template(TEMPLATE)


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Each operation by its route, such as `POST /predict`."""
    return {
        f"{method.upper()} {path}": operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
    }


def test_the_command_writes_the_committed_document_which_is_what_the_functions_serve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("functions.local.__main__.DOCUMENT", tmp_path / "openapi.json")
    assert main(["openapi"]) == 0
    assert (tmp_path / "openapi.json").read_bytes() == DOCUMENT.read_bytes(), (
        "openapi.json is not what the functions say of themselves: run `make openapi`, and look at the "
        "difference, which clients will meet"
    )
    assert capsys.readouterr().out == f"openapi.json: {len(COMMITTED['paths'])} paths\n"


def test_every_route_is_described_with_the_key_that_it_takes(template: Template) -> None:
    routes = {
        route.key: route
        for route in template.routes
        # HEAD is GET without the body, and nothing to generate a client from.
        if not UNDESCRIBED.fullmatch(route.path) and route.method != "HEAD"
    }
    described = operations(COMMITTED)
    assert described.keys() == routes.keys()
    for key, operation in described.items():
        assert bool(operation["security"]) == (routes[key].authorizer is not None), key
        closed = {"401", "503"} <= operation["responses"].keys()
        assert closed == bool(operation["security"]), key


def test_every_route_has_a_summary_a_name_and_its_failures() -> None:
    described = operations(COMMITTED)
    assert len({operation["operationId"] for operation in described.values()}) == len(described)
    for key, operation in described.items():
        assert operation["summary"], key
        assert {"413", "431", "500"} <= operation["responses"].keys(), key
        for status, answer in operation["responses"].items():
            if status >= "400":
                schema = answer["content"]["application/json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/ErrorEnvelope"}, (key, status)


def test_every_operation_is_about_one_subject_and_every_subject_is_described() -> None:
    declared = {tag["name"]: tag["description"] for tag in COMMITTED["tags"]}
    used = [operation["tags"] for operation in operations(COMMITTED).values()]
    assert {len(tags) for tags in used} == {1}
    assert {tag for [tag] in used} == declared.keys() == SUBJECTS.keys()
    assert all(declared.values())


def test_the_document_says_where_the_api_is_and_which_version_and_how_a_key_is_sent() -> None:
    assert COMMITTED["servers"][0]["url"] == "."
    assert COMMITTED["info"]["version"] == __version__
    schemes = COMMITTED["components"]["securitySchemes"]
    assert schemes.keys() == {"APIKeyHeader", "HTTPBearer"}
    assert all(scheme["description"] for scheme in schemes.values())


@pytest.mark.parametrize(
    ("path", "subject"),
    [
        ("/models/{model}/feedback/queue", "labelling"),
        ("/models/{model}", "models"),
        ("/v2/health/live", "health"),
        ("/v2/models/{name}/infer", "predictions"),
        ("/models/{model}/datasets/{id}", "data"),
    ],
)
def test_a_path_is_about_the_same_whichever_model_it_names(path: str, subject: str) -> None:
    assert subject_of(path) == subject


def test_a_path_of_no_subject_is_said_to_be_so() -> None:
    with pytest.raises(ValueError, match="/predictable is of no subject"):
        subject_of("/predictable")


def test_every_body_and_every_variable_has_an_example() -> None:
    schemas = COMMITTED["components"]["schemas"]

    def has_example(described: dict[str, Any]) -> bool:
        found = schemas[described["$ref"].rpartition("/")[2]] if "$ref" in described else described
        parts = [found[key] for key in ("schema", "items") if key in found]
        parts += [*found.get("oneOf", []), *found.get("properties", {}).values()]
        return bool({"example", "examples"} & found.keys()) or any(map(has_example, parts))

    for key, operation in operations(COMMITTED).items():
        for kind, body in operation.get("requestBody", {}).get("content", {}).items():
            # Of bytes there is nothing to show.
            assert has_example(body) or body["schema"].get("format") == "binary", (key, kind)
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "path":
                assert has_example(parameter), (key, parameter["name"])


def test_no_reference_leads_nowhere() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    references = {
        line.partition('"$ref": "')[2].partition('"')[0] for line in text.splitlines() if '"$ref"' in line
    }
    schemas = COMMITTED["components"]["schemas"]
    assert references == {f"#/components/schemas/{name}" for name in schemas if name in text}
    assert {reference.rpartition("/")[2] for reference in references} == schemas.keys()


def test_documents_that_contradict_each_other_are_not_merged() -> None:
    one = {
        "openapi": "3.1.0",
        "info": {},
        "paths": {},
        "components": {"schemas": {"Answer": {"type": "object"}}},
    }
    other = one | {"components": {"schemas": {"Answer": {"type": "string"}}}}
    assert merge([one, one])["components"] == one["components"]
    with pytest.raises(ValueError, match="two functions describe Answer differently"):
        merge([one, other])


def with_handler(template: Template, handler: str) -> Template:
    """A template of two functions, of which the second has this handler: to start all takes seconds."""
    names = ("KeysFunction", "ModelsFunction")
    changed = replace(template.functions["ModelsFunction"], handler=handler)
    routes = tuple(route for name in names for route in template.routes if route.function == name)
    return replace(template, functions={**template.functions, "ModelsFunction": changed}, routes=routes)


def test_a_function_that_does_not_describe_itself_is_named(template: Template) -> None:
    broken = with_handler(template, "functions.models.nowhere.handler")
    with pytest.raises(RuntimeError, match="ModelsFunction does not describe itself"):
        asyncio.run(describe_api(broken))


def test_a_function_without_a_document_is_quoted_and_told_what_it_lacks(template: Template) -> None:
    broken = with_handler(template, "tests.local.handlers.mute")
    with pytest.raises(RuntimeError, match=r"ModelsFunction: .* 404: not here; its app needs `add_document`"):
        asyncio.run(describe_api(broken))
