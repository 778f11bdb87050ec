"""Who may ask what of datasets, and that the routes are those of the template."""

import pytest

from functions.local.platform.template import read_template
from tests.datasets.conftest import Ask
from tests.support.declared import TEMPLATE

READ = ["/datasets", f"/datasets/{'0' * 16}", "/uploads", "/openapi.json"]
ADD = [("PUT", "/models/churn/datasets/a.csv"), ("POST", "/models/churn/schema/inference")]
TABLE = b"calls,churned\n1,yes\n2,no\n"


@pytest.mark.parametrize("path", READ)
def test_reading_takes_the_scope_read(ask: Ask, path: str) -> None:
    assert ask("GET", path, scopes="read")[0] in {200, 404}
    assert ask("GET", path, scopes="predict feedback")[0] == 403
    assert ask("GET", path, scopes=None)[0] == 401


@pytest.mark.parametrize(("method", "path"), ADD)
def test_adding_takes_an_administrator_of_the_model(ask: Ask, method: str, path: str) -> None:
    assert ask(method, path, TABLE, scopes="read predict feedback")[0] == 403
    assert ask(method, path, TABLE, models="titanic")[0] == 403
    assert ask(method, path, TABLE, scopes=None)[0] == 401
    assert ask(method, path, TABLE, models="churn")[0] in {200, 202}


@pytest.mark.parametrize(("method", "path"), ADD)
def test_a_body_is_needed_and_a_name_that_a_model_can_have(ask: Ask, method: str, path: str) -> None:
    status, answer = ask(method, path)
    assert (status, answer["code"]) == (400, "UNREADABLE_BODY")
    assert "text/csv" in answer["error"]
    status, answer = ask(method, path.replace("churn", "rollback"), TABLE)
    assert (status, answer["code"]) == (422, "INVALID_INPUT")
    assert ask(method, path.replace("churn", "Churn"), TABLE)[0] == 422


@pytest.mark.parametrize(("method", "path"), ADD)
def test_a_body_may_be_as_large_as_lambda_takes_and_no_larger(ask: Ask, method: str, path: str) -> None:
    # Its bytes are what counts: a table of as many and few rows is looked through in a tenth of the time.
    two = b"1,yes,%b\n2,no,%b\n" % (b"a" * 100, b"b" * 100)
    rows = b"calls,churned,note\n" + two * (5 * 2**20 // len(two))
    assert ask(method, path, rows)[0] in {200, 202}
    status, answer = ask(method, path, rows + rows)
    assert (status, answer["code"]) == (413, "PAYLOAD_TOO_LARGE")


def test_the_document_has_every_route_and_the_routes_are_the_templates(ask: Ask) -> None:
    _, document = ask("GET", "/openapi.json")
    found = {f"{method.upper()} {path}" for path, one in document["paths"].items() for method in one}
    declared = {route.key for route in read_template(TEMPLATE).routes if route.function == "DatasetsFunction"}
    assert declared == found
    for path in document["paths"].values():
        for operation in path.values():
            assert {"401", "403", "503"} <= operation["responses"].keys()


def test_the_document_tells_a_model_in_the_path_from_a_version_that_is_asked_for(ask: Ask) -> None:
    _, document = ask("GET", "/openapi.json")
    parameters = document["paths"]["/models/{model}/datasets"]["get"]["parameters"]
    assert [(one["name"], one["in"]) for one in parameters] == [("model", "path"), ("model", "query")]
    assert [one["name"] for one in document["paths"]["/datasets"]["get"]["parameters"]] == ["model"]
