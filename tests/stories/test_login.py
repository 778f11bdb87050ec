"""A person signs in as `make run` lets them, over HTTP, and does what they may through the real functions."""

import asyncio
import base64
import hashlib
import json
import re
import secrets
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from functions.local import asking
from functions.local.__main__ import main
from functions.local.process import state as runners
from functions.local.process.state import State
from functions.local.runner import Running
from tests.stories.acting import run


@pytest.fixture(autouse=True)
def _machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL", "LIFEBOAT_STORE", "LIFEBOAT_KEYS", "LIFEBOAT_LOGIN_ISSUER"):
        monkeypatch.delenv(name, raising=False)


async def sign_in(browser: httpx.AsyncClient, link: str) -> dict[str, Any]:
    """What session.js does: with nothing but what the page itself says of the provider."""
    opened = await browser.get(link, follow_redirects=True)
    assert (opened.url.path, opened.url.query) == ("/", b"sign-in=1")
    found = re.search(r'<meta name="lifeboat-login" content="([^"]*)"', opened.text)
    assert found
    provider = json.loads(unescape(found[1]))
    verifier, state, home = (
        secrets.token_urlsafe(32),
        secrets.token_urlsafe(8),
        f"{opened.url.copy_with(query=None)}",
    )
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    asked = {
        "response_type": "code",
        "client_id": provider["client"],
        "redirect_uri": home,
        "scope": provider["scope"],
        "state": state,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    back = await browser.get(f"/{provider['authorize']}", params=asked)
    given = parse_qs(urlsplit(back.headers["location"]).query)
    assert given["state"] == [state]
    form = {"grant_type": "authorization_code", "code": given["code"][0], "code_verifier": verifier}
    form |= {"redirect_uri": home, "client_id": provider["client"]}
    answer = await browser.post(f"/{provider['token']}", data=form)
    assert answer.status_code == 200, answer.text
    tokens: dict[str, Any] = answer.json()
    return tokens


@pytest.mark.long
def test_a_person_signs_in_and_is_let_in_as_far_as_their_role_goes() -> None:
    shown: list[str] = []

    async def act(here: Running, browser: httpx.AsyncClient) -> None:
        assert here.issuer is not None
        tokens: dict[str, Any] = {}
        may = {"user": ["predict"], "annotator": ["predict", "feedback"]}
        for person in ("user", "annotator", "administrator"):
            browser.cookies.clear()
            tokens = await sign_in(browser, here.issuer.link(here.api, person))
            shown.extend([tokens["access_token"], tokens["refresh_token"]])
            headers = {"authorization": f"Bearer {tokens['access_token']}"}
            me = (await browser.get("/me", headers=headers)).json()
            scopes = may.get(person, ["predict", "feedback", "read", "admin"])
            assert me == {"id": f"user:{person}", "name": person, "scopes": scopes, "models": None}
            # There is no model yet: who may ask for it gets as far as that.
            statuses = [
                (await browser.get(path, headers=headers)).status_code
                for path in ("/model", "/feedback/progress", "/models/champion", "/keys")
            ]
            assert [status not in {401, 403} for status in statuses] == [
                scope in scopes for scope in ("predict", "feedback", "read", "admin")
            ], statuses
        refused = await browser.get("/keys", headers={"authorization": f"Bearer {tokens['refresh_token']}"})
        assert (refused.status_code, refused.json()["code"]) == (401, "UNAUTHORIZED")
        forged = f"{tokens['access_token'][:-8]}AAAAAAAA"
        refused = await browser.get("/me", headers={"authorization": f"Bearer {forged}"})
        assert (refused.status_code, refused.json()["code"]) == (401, "UNAUTHORIZED")
        assert "signature" in refused.json()["error"]
        assert here.key is not None
        assert (await browser.get("/me", headers={"x-api-key": here.key})).json()["name"] == "make run"
        await makes_another_link(here, browser)

    log = "\n".join(run(act))
    assert not [text for text in shown if text[-12:] in log]


async def makes_another_link(here: Running, browser: httpx.AsyncClient) -> None:
    """`make login`, which finds the secret where the runner keeps it for its user alone."""
    assert here.issuer is not None
    state = State(here.api, here.address, here.endpoint, True, here.model, 1, secret=here.issuer.secret)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asking, "find_runner", lambda: state)
        patch.setattr(runners, "find_runners", lambda: [state])
        said: list[str] = []
        patch.setattr(asking, "say", said.append)
        assert await asyncio.to_thread(main, ["login", "--role", "annotator"]) == 0
    browser.cookies.clear()
    tokens = await sign_in(browser, said[-1])
    headers = {"authorization": f"Bearer {tokens['access_token']}"}
    assert (await browser.get("/me", headers=headers)).json()["name"] == "annotator"


def test_without_a_runner_there_is_no_link(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(asking, "find_runner", lambda: None)
    assert main(["login"]) == 1
    assert "start one with `make run`" in capsys.readouterr().err


def test_beside_another_provider_the_runner_knows_nobody(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LIFEBOAT_LOGIN_ISSUER", "https://login.example.com/")
    monkeypatch.setenv("LIFEBOAT_LOGIN_AUDIENCE", "lifeboat")

    async def act(here: Running, browser: httpx.AsyncClient) -> None:
        assert here.issuer is None
        assert (await browser.get("/login/authorize")).status_code == 404
        assert here.key is not None
        assert (await browser.get("/me", headers={"x-api-key": here.key})).status_code == 200

    run(act)
    state = State("http://127.0.0.1:8000", "s3://b", None, True, "titanic", 1)
    monkeypatch.setattr(asking, "find_runner", lambda: state)
    assert main(["login"]) == 1
    assert "sign in elsewhere" in capsys.readouterr().err
