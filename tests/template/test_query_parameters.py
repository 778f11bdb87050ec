"""Every route of every function refuses a query parameter that it does not have, by its real handler."""

import json
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from functions.core.storage.service import service as store_service
from functions.feedback.service import service as feedback
from functions.keys import app as keys
from functions.local.platform.template import Route, read_template
from functions.monitor.service import service as monitor
from functions.predict.service import service as predict
from tests.support.declared import TEMPLATE
from tests.support.gateway import send

TEMPLATE_READ = read_template(TEMPLATE)
# What watches the service adds the time to its address, and a log-in to that of the page.
TAKES_ANYTHING = re.compile(r"(GET|HEAD) (/|/ping|(/v2)?/health/\w+)|\$default")
# These narrow by the features of a model, so it has to be there: tests/feedback/test_queries.py has them.
NARROWS = re.compile(r".*/feedback/(queue|progress|export)")
ROUTES = [
    route
    for route in TEMPLATE_READ.routes
    if not (TAKES_ANYTHING.fullmatch(route.key) or NARROWS.fullmatch(route.path))
]
VARIABLES = {
    "model": "titanic",
    "name": "titanic",
    "version": "0" * 16,
    "id": "01234567",
    "prediction_id": "01a1feaa-00ea-7752-9015-c9355649249c",
    "sequence": "1",
}


@pytest.fixture(autouse=True)
def _nothing_in_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("LIFEBOAT_STORE", str(tmp_path))
    monkeypatch.setenv("LIFEBOAT_KEYS", str(tmp_path / "keys.json"))
    caches = (predict, store_service, feedback, monitor, keys.settings, keys.parameter)
    for cache in caches:
        cache.cache_clear()
    yield
    for cache in caches:
        cache.cache_clear()


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.key)
def test_a_parameter_that_no_route_has_is_refused_by_each(route: Route) -> None:
    module, _, name = TEMPLATE_READ.functions[route.function].handler.rpartition(".")
    names = re.findall(r"\{(\w+)\+?\}", route.path)
    values = {name: VARIABLES.get(name, "x") for name in names}
    path = re.sub(r"\{(\w+)\+?\}", lambda variable: values[variable[1]], route.path)
    answer = send(
        getattr(import_module(module), name),
        route.method,
        f"{path}?lifeboat_no_such=1",
        None if route.method in {"GET", "DELETE"} else "{}",
        scopes="admin",
        route=route.key,
        pathParameters=values,
    )
    if route.method == "HEAD":
        assert (answer["statusCode"], answer["body"]) == (422, "")
        return
    refusal = json.loads(answer["body"])
    assert (answer["statusCode"], refusal["code"]) == (422, "INVALID_INPUT")
    assert [fault["loc"][-1] for fault in refusal["detail"]] == ["lifeboat_no_such"]
