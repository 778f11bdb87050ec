"""The routes of the feedback function: who may use them, and where they are written down."""

import pytest

from functions.core.storage.folder import FolderStore
from functions.core.storage.view import SCHEMA, ModelStore
from functions.local.platform.template import read_template
from tests.feedback.bench import Bench, Call, say
from tests.support.declared import TEMPLATE


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/feedback"),
        ("GET", "/feedback/queue"),
        ("GET", "/feedback/progress"),
        ("GET", "/feedback/export"),
        ("GET", "/feedback/rounds"),
        ("POST", "/feedback/rounds"),
        ("GET", "/feedback/rounds/01a1feaa-00ea-7752-9015-c9355649249c"),
        ("POST", "/feedback/rounds/01a1feaa-00ea-7752-9015-c9355649249c/lock"),
        ("GET", "/openapi.json"),
    ],
)
def test_a_route_takes_the_scope_feedback(call: Call, bench: Bench, method: str, path: str) -> None:
    status, refusal = call(method, path, scopes="predict")
    assert (status, refusal["code"]) == (403, "FORBIDDEN")
    assert call(method, path, scopes="admin")[0] != 403


def test_the_document_names_every_route(call: Call) -> None:
    status, document = call("GET", "/openapi.json")
    assert status == 200
    routes = {"", "/queue", "/progress", "/export", "/rounds", "/rounds/{id}", "/rounds/{id}/lock"}
    below = ("", "/models/{model}")
    assert document["paths"].keys() == {f"{start}/feedback{route}" for start in below for route in routes}
    for path, item in document["paths"].items():
        for operation in item.values():
            names = [parameter["name"] for parameter in operation.get("parameters", ())]
            assert ("model" in names) == path.startswith("/models/"), path


def test_the_document_says_what_depends_on_a_model(call: Call) -> None:
    document = call("GET", "/openapi.json")[1]
    [features] = [
        parameter
        for parameter in document["paths"]["/feedback/queue"]["get"]["parameters"]
        if parameter["name"] == "features"
    ]
    # By OpenAPI's rules, each property of such an object is a parameter by its own name.
    assert (features["style"], features["explode"], features["schema"]["type"]) == ("form", True, "object")
    assert "has categories" in features["description"]
    body = document["paths"]["/feedback"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    outcome, outcomes = body["oneOf"]
    assert outcome["required"] == ["prediction_id"]
    assert "name of the model's target" in outcome["description"]
    assert outcomes["maxItems"] == 1000
    answer = document["paths"]["/feedback"]["post"]["responses"]["200"]["content"]["application/json"]
    names = [one["$ref"].rpartition("/")[2] for one in answer["schema"]["anyOf"]]
    assert names == ["Receipt", "Receipts", "TableReceipt"]


def test_every_route_of_the_app_is_declared_and_no_other(call: Call) -> None:
    declared = {route.key for route in read_template(TEMPLATE).routes if route.function == "FeedbackFunction"}
    document = call("GET", "/openapi.json")[1]
    served = {f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item}
    assert declared == served


@pytest.mark.parametrize(
    ("method", "path"), [("POST", ""), ("GET", "/queue"), ("GET", "/export"), ("GET", "/rounds")]
)
def test_a_key_is_for_the_models_it_names(call: Call, churn: Bench, method: str, path: str) -> None:
    for below, allowed in (("", "titanic"), ("/models/titanic", "titanic"), ("/models/churn", "churn")):
        assert call(method, f"{below}/feedback{path}", {}, models=allowed)[0] in (200, 422)
        status, refusal = call(method, f"{below}/feedback{path}", {}, models="fraud other")
        assert (status, refusal["code"]) == (403, "FORBIDDEN")
        assert "for other models: fraud, other" in refusal["error"]


def test_a_key_for_any_model_reads_the_document(call: Call) -> None:
    assert call("GET", "/openapi.json", models="churn")[0] == 200


@pytest.mark.parametrize(
    ("method", "path"), [("POST", ""), ("GET", "/queue"), ("GET", "/progress"), ("GET", "/export")]
)
def test_a_model_that_is_not_there_or_does_not_serve_is_said_to_be_so(
    call: Call, bench: Bench, method: str, path: str
) -> None:
    body = say("x") if method == "POST" else None
    for name in ("fraud", "0123456789abcdef", "Churn", "champion"):
        status, refusal = call(method, f"/models/{name}/feedback{path}", body)
        assert (status, refusal["code"]) == (404, "NOT_FOUND")
        assert "GET /models lists those there are" in refusal["error"]
    ModelStore(FolderStore(str(bench.root)), "fraud").put(SCHEMA, b"{}")
    status, refusal = call(method, f"/models/fraud/feedback{path}", body)
    assert (status, refusal["code"]) == (503, "NO_CHAMPION")
    assert "no version of the model fraud is in service yet" in refusal["error"]
