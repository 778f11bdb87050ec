"""The pages as an HTTP API asks for them: what is served, how it is kept, and under which policy."""

import base64
import gzip
import hashlib
import json
import re
from html import unescape
from typing import Any

import pytest

from functions.pages import handler as pages
from functions.pages.handler import handler
from functions.pages.site import STATIC, as_sent


@pytest.fixture(autouse=True)
def fresh_site() -> None:
    pages.site.cache_clear()


def get(path: str = "/", variables: dict[str, str] | None = None, **headers: str) -> dict[str, Any]:
    """Ask for the page, below whatever path, or for an asset."""
    event = {
        "routeKey": "GET /assets/{digest}/{name+}" if variables else "GET /",
        "rawPath": path,
        "headers": {name.replace("_", "-"): text for name, text in headers.items()},
    }
    return handler(event | ({"pathParameters": variables} if variables else {}), None)


def text_of(answer: dict[str, Any]) -> str:
    body = base64.b64decode(answer["body"])
    return (gzip.decompress(body) if answer["headers"].get("content-encoding") else body).decode()


def assets_of(page: str) -> list[dict[str, str]]:
    found = re.findall(r'"(?:\./)?assets/([0-9a-f]{16})/([^"]+)"', page)
    return [{"digest": digest, "name": name} for digest, name in found]


def test_the_page_names_assets_that_are_there() -> None:
    assets = assets_of(text_of(get()))
    assert {"app.js", "style.css", "vendor/preact.js"} <= {asset["name"] for asset in assets}
    assert [get(variables=asset)["statusCode"] for asset in assets] == [200] * len(assets)


def modules_from_app(imported: str) -> set[str]:
    """The modules that app.js leads to, each of which is served. imported: how one names another."""
    digest = assets_of(text_of(get()))[0]["digest"]
    waiting, seen = ["app.js"], set[str]()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        answer = get(variables={"digest": digest, "name": name})
        assert answer["statusCode"] == 200, name
        folder = name.rpartition("/")[0]
        for other in re.findall(imported, text_of(answer)):
            parts = [*filter(None, folder.split("/"))]
            for step in other.split("/"):
                parts = parts[:-1] if step == ".." else parts if step == "." else [*parts, step]
            waiting.append("/".join(parts))
    return seen


def test_every_module_that_a_module_imports_is_served() -> None:
    """From app.js on, as a browser would: a file that is missing would be seen only when a page needs it."""
    seen = modules_from_app(r'(?:from |await import\()"(\.[^"]+)"')
    assert {"api.js", "session.js", "frame.js", "views/docs.js", "parts/chart.js"} <= seen


def test_a_sign_in_waits_for_no_other_page() -> None:
    seen = modules_from_app(r'from "(\.[^"]+)"')
    assert {name for name in seen if name.startswith("views/")} == {"views/sign-in.js"}
    assert len(seen) <= 12


def test_an_asset_is_kept_for_ever_and_the_page_is_asked_for_each_time() -> None:
    page = get()
    asset = get(variables=assets_of(text_of(page))[0])
    assert page["headers"]["cache-control"] == "no-cache"
    assert asset["headers"]["cache-control"] == "public, max-age=31536000, immutable"


def test_an_asset_of_another_state_of_the_pages_is_not_answered() -> None:
    asset = assets_of(text_of(get()))[0]
    answer = get(variables=asset | {"digest": "0" * 16})
    assert answer["statusCode"] == 404
    assert "reload the page" in json.loads(answer["body"])["error"]


@pytest.mark.parametrize("name", ["../handler.py", "../../core/__init__.py", "index.html", "none.js", ""])
def test_nothing_but_the_assets_is_answered(name: str) -> None:
    digest = assets_of(text_of(get()))[0]["digest"]
    assert get(variables={"digest": digest, "name": name})["statusCode"] == 404


def test_who_has_the_page_already_gets_no_body() -> None:
    etag = get()["headers"]["etag"]
    again = get(if_none_match=etag)
    assert again["statusCode"] == 304
    assert "body" not in again


def test_answers_are_compressed_for_who_says_so() -> None:
    plain, compressed = get(), get(accept_encoding="br, gzip")
    assert "content-encoding" not in plain["headers"]
    assert compressed["headers"]["content-encoding"] == "gzip"
    assert len(compressed["body"]) < len(plain["body"])
    assert text_of(plain) == text_of(compressed)


def test_the_policy_allows_own_files_and_pins_the_one_script_in_the_page() -> None:
    answer = get()
    policy = answer["headers"]["content-security-policy"]
    assert "unsafe" not in policy
    assert "http" not in policy
    inline = re.findall(r"<script(?![^>]*src)[^>]*>(.*?)</script>", text_of(answer), re.DOTALL)
    hashes = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in inline]
    assert len(inline) == 1
    assert f"script-src 'self' 'sha256-{hashes[0]}'" in policy


def test_below_a_base_path_the_page_says_so() -> None:
    assert '<base href="/titanic/" />' in text_of(get("/titanic"))
    assert '<base href="/titanic/" />' in text_of(get("/titanic/"))


def test_a_base_path_cannot_bring_markup_into_the_page() -> None:
    assert '"><script>' not in text_of(get('/"><script>alert(1)</script>/'))


def test_a_provider_elsewhere_may_be_asked_for_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIFEBOAT_LOGIN_AUTHORIZE", "https://login.example.com/authorize")
    monkeypatch.setenv("LIFEBOAT_LOGIN_TOKEN", "https://login.example.com/token")
    answer = get()
    assert "connect-src 'self' https://login.example.com;" in answer["headers"]["content-security-policy"]
    assert "https://login.example.com/authorize" in text_of(answer)


@pytest.mark.parametrize("audience", ["", "https://api.example.com/"])
def test_the_page_is_told_which_audience_to_ask_for_where_one_is_set(
    monkeypatch: pytest.MonkeyPatch, audience: str
) -> None:
    monkeypatch.setenv("LIFEBOAT_LOGIN_AUTHORIZE", "https://login.example.com/authorize")
    monkeypatch.setenv("LIFEBOAT_LOGIN_REQUEST_AUDIENCE", audience)
    [meta] = re.findall(r'name="lifeboat-login" content="([^"]*)"', text_of(get()))
    assert json.loads(unescape(meta)).get("audience", "") == audience


def test_a_script_is_sent_without_the_comments_that_fill_a_line() -> None:
    script = b"/** What. */\nconst a = /** @type {X} */ (b);\n  /** c */ d(); /* e */\n\t/** f */ \n"
    sent = serve_script(script)
    assert sent == b"\nconst a = /** @type {X} */ (b);\n  /** c */ d(); /* e */\n\n"
    for path in (STATIC / "views").glob("*.js"):
        own = path.read_bytes()
        before, after = own.split(b"\n"), serve_script(own).split(b"\n")
        changed = [line for line, kept in zip(before, after, strict=True) if line != kept]
        assert all(line.strip().startswith(b"/** ") and line.strip().endswith(b"*/") for line in changed)


def serve_script(body: bytes) -> bytes:
    return as_sent("views/any.js", body)


def test_scripts_and_styles_are_small() -> None:
    """All of them together, compressed as they are sent."""
    assets = pages.site()._assets.items()
    size = sum(len(served.compressed) for name, served in assets if name.endswith((".js", ".css")))
    assert size <= 150_000


@pytest.mark.parametrize(
    ("route", "query", "status"),
    [
        ("/", "", 200),
        ("/openapi.json", "", 200),
        ("/docs", "", 302),
        ("/docs", "versoin=1", 422),
        ("/assets/{digest}/{name+}", "", 404),
    ],
)
def test_head_is_get_without_the_body(route: str, query: str, status: int) -> None:
    event = {"rawPath": route, "rawQueryString": query, "headers": {"accept-encoding": "gzip"}}
    got, head = (handler(event | {"routeKey": f"{method} {route}"}, None) for method in ("GET", "HEAD"))
    assert head["statusCode"] == got["statusCode"] == status
    assert head["headers"] == got["headers"]
    assert (head["body"], head["isBase64Encoded"]) == ("", False)


@pytest.mark.parametrize(
    ("key", "path", "more", "status"),
    [
        ("GET /", "/", {}, 200),
        ("GET /", "/", {"headers": {"if-none-match": "the page's"}}, 304),
        ("GET /openapi.json", "/openapi.json", {}, 200),
        ("GET /docs", "/docs", {}, 302),
        ("GET /docs", "/docs", {"rawQueryString": "a=1"}, 422),
        ("GET /assets/{digest}/{name+}", "/assets/0/app.js", {}, 404),
        ("$default", "/nowhere", {}, 404),
        ("$default", "/predict", {"method": "OPTIONS"}, 204),
    ],
)
def test_every_answer_is_guarded(key: str, path: str, more: dict[str, Any], status: int) -> None:
    """Redirections and refusals too: a browser obeys the headers of whatever it is answered."""
    event = {"routeKey": key, "rawPath": path, "headers": {}, **more}
    if event["headers"]:
        event["headers"] = {"if-none-match": get()["headers"]["etag"]}
    event["requestContext"] = {"http": {"method": event.pop("method", "GET"), "path": path}}
    answer = handler(event, None)
    headers = answer["headers"]
    assert answer["statusCode"] == status
    assert headers["strict-transport-security"] == "max-age=31536000"
    assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "no-referrer")
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "default-src 'none'" in headers["content-security-policy"]


def test_head_of_an_asset_says_what_get_would() -> None:
    asset = assets_of(text_of(get()))[0]
    event = {"pathParameters": asset, "rawPath": "/", "headers": {}}
    got, head = (
        handler(event | {"routeKey": f"{method} /assets/{{digest}}/{{name+}}"}, None)
        for method in ("GET", "HEAD")
    )
    assert (head["statusCode"], head["headers"]) == (200, got["headers"])
    assert head["body"] == ""
