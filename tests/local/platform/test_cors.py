"""Pages of other sites: what a browser is told of them by the gateway, over a real connection."""

import asyncio
import socket
from collections.abc import Iterator
from threading import Thread
from typing import Any

import httpx
import pytest
import uvicorn

from functions.local.platform.gateway import Gateway
from functions.local.platform.template import Cors, Route, read_template
from tests.support.declared import TEMPLATE

SITE = "http://localhost:5173"
CORS = read_template(TEMPLATE, AllowedOrigins=f"{SITE},https://example.org").cors
PREFLIGHT = {"access-control-request-method": "POST", "access-control-request-headers": "x-api-key"}


class Echo:
    """A function that answers with headers of its own, which are not for it to say."""

    async def invoke(self, _event: Any) -> Any:
        return {"statusCode": 200, "headers": {"access-control-allow-origin": "*", "vary": "accept-encoding"}}


class Served:
    """A gateway on a port of this machine, and what was sent to it."""

    def __init__(self, cors: Cors | None, *routes: Route) -> None:
        gateway = Gateway(routes or (Route("POST", "/f", "F"),), {"F": Echo()}, lambda *_: None, cors=cors)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._server = uvicorn.Server(uvicorn.Config(gateway, lifespan="off", log_config=None))
        self._thread = Thread(target=self._run)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def _run(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._socket]))

    def ask(self, method: str, path: str = "/f", origin: str | None = SITE, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        return httpx.request(method, self.url + path, headers=named | ({"origin": origin} if origin else {}))

    def preflight(self, path: str = "/f", origin: str = SITE) -> httpx.Response:
        return httpx.options(self.url + path, headers=PREFLIGHT | {"origin": origin})

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(10)


EXPOSED = {
    "access-control-expose-headers": (
        "apigw-requestid,traceparent,x-columns-missing,x-columns-passed-over,x-columns-used,x-damaged-lines,"
        "x-next"
    )
}


def told(response: httpx.Response) -> dict[str, str]:
    """What is said of other sites."""
    return {name: text for name, text in response.headers.items() if name.startswith("access-control-")}


@pytest.fixture(scope="module")
def api() -> Iterator[Served]:
    served = Served(CORS)
    yield served
    served.stop()


def test_a_preflight_of_a_site_that_is_allowed_is_answered_with_what_the_template_allows(api: Served) -> None:
    response = api.preflight()
    assert (response.status_code, response.content) == (204, b"")
    assert told(response) == {
        "access-control-allow-origin": SITE,
        "access-control-allow-methods": "GET,POST,PUT,DELETE",
        "access-control-allow-headers": (
            "authorization,content-encoding,content-type,inference-header-content-length,traceparent,x-api-key"
        ),
        "access-control-max-age": "3600",
        **EXPOSED,
    }


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", f"{SITE}.evil.example", "http://LOCALHOST"]
)
def test_another_site_is_told_nothing(api: Served, origin: str) -> None:
    assert (api.preflight(origin=origin).status_code, told(api.preflight(origin=origin))) == (204, {})
    assert told(api.ask("POST", origin=origin)) == {}


def test_an_answer_says_which_site_may_read_it_in_place_of_the_function(api: Served) -> None:
    response = api.ask("POST")
    assert told(response) == {"access-control-allow-origin": SITE, **EXPOSED}
    assert response.headers["vary"] == "accept-encoding, Origin"
    assert told(api.ask("POST", origin="https://example.org"))["access-control-allow-origin"] == (
        "https://example.org"
    )
    assert told(api.ask("POST", origin=None)) == {}


def test_a_refusal_of_the_gateway_can_be_read_too(api: Served) -> None:
    response = api.ask("GET", "/nothing")
    assert response.status_code == 404
    assert told(response) == {"access-control-allow-origin": SITE, **EXPOSED}


def test_options_that_is_no_preflight_is_a_request_like_any_other(api: Served) -> None:
    assert api.ask("OPTIONS").status_code == 404


def test_a_preflight_that_a_route_takes_goes_to_its_function_and_is_answered_by_both() -> None:
    served = Served(CORS, Route("ANY", "$default", "F"))
    response = served.preflight()
    served.stop()
    assert response.status_code == 200
    assert told(response)["access-control-allow-methods"] == "GET,POST,PUT,DELETE"
    assert told(response)["access-control-allow-origin"] == SITE


def test_all_sites_may_ask_where_the_template_says_so_and_what_is_exposed_is_named() -> None:
    served = Served(Cors(("*",), ("GET",), (), ("x-count",), None))
    response = served.ask("POST", origin="https://anything.example")
    preflight = served.preflight()
    served.stop()
    assert told(response) == {
        "access-control-allow-origin": "*",
        "access-control-expose-headers": "x-count",
    }
    assert "access-control-max-age" not in told(preflight)


def test_without_a_configuration_no_site_is_allowed_and_a_function_speaks_for_itself() -> None:
    assert read_template(TEMPLATE).cors is None
    served = Served(None)
    assert served.preflight().status_code == 404
    assert told(served.ask("POST")) == {"access-control-allow-origin": "*"}
    served.stop()
