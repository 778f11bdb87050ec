"""The people of the demo: a sign-in as a browser goes through it, and what is refused on the way."""

import asyncio
import base64
import hashlib
import json
from collections.abc import Awaitable, Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from functions.authorize.handler import handler, key_ring, login
from functions.core.identity.caller import SCOPES, caller_of
from functions.local import issuer as module
from functions.local.issuer import CLIENT, PEOPLE, Issuer, another_link
from functions.local.platform.gateway import Gateway

API = "http://127.0.0.1:8000"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
ASKED = {
    "response_type": "code",
    "client_id": CLIENT,
    "redirect_uri": f"{API}/",
    "state": "s",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


class Browser:
    """A browser of one person, before a gateway that has nothing but the issuer."""

    def __init__(self, issuer: Issuer, client: httpx.AsyncClient) -> None:
        self.issuer = issuer
        self.client = client

    async def enter(self, person: str = "annotator") -> httpx.Response:
        """Open a new link of this person's."""
        return await self.client.get(self.issuer.link(API, person))

    async def authorize(self, **changes: str) -> httpx.Response:
        return await self.client.get("/login/authorize", params=ASKED | changes)

    async def code(self) -> str:
        """The code with which the provider sends the browser back."""
        return dict(parse_qsl(urlsplit((await self.authorize()).headers["location"]).query))["code"]

    async def exchange(self, code: str, **changes: str) -> httpx.Response:
        form = {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER}
        return await self.token(**{**form, "redirect_uri": f"{API}/", **changes})

    async def refresh(self, text: str, **changes: str) -> httpx.Response:
        return await self.token(**{"grant_type": "refresh_token", "refresh_token": text, **changes})

    async def token(self, **form: str) -> httpx.Response:
        return await self.client.post("/login/token", data={"client_id": CLIENT, **form})

    async def signed_in(self, person: str = "annotator") -> dict[str, Any]:
        await self.enter(person)
        tokens: dict[str, Any] = (await self.exchange(await self.code())).json()
        return tokens


def browse(act: Callable[[Browser], Awaitable[Any]], issuer: Issuer | None = None) -> None:
    async def go() -> None:
        known = issuer or Issuer()
        gateway = Gateway((), {}, lambda *_: None, beside={module.PREFIX: known.answer})
        transport = httpx.ASGITransport(app=gateway)
        async with httpx.AsyncClient(transport=transport, base_url=API) as client:
            await act(Browser(known, client))

    asyncio.run(go())


def error_of(answer: httpx.Response) -> tuple[int, str]:
    assert answer.json()["error_description"]
    return answer.status_code, answer.json()["error"]


@pytest.fixture
def ask(
    event: Callable[[str], dict[str, Any]], tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[Issuer, str], dict[str, str]]]:
    """Asks the real authorizer, told of an issuer as the runner tells it, about a token."""
    monkeypatch.setenv("LIFEBOAT_KEYS", str(tmp_path / "keys.json"))

    def forget() -> None:
        key_ring.cache_clear()
        login.cache_clear()

    def ask(issuer: Issuer, token: str) -> dict[str, str]:
        for name, value in issuer.environment().items():
            monkeypatch.setenv(name, value)
        forget()
        request = event("authorizer_request")
        request["headers"] |= {"authorization": f"Bearer {token}"}
        context: dict[str, str] = handler(request, None)["context"]
        return context

    yield ask
    forget()


@pytest.mark.parametrize("person", PEOPLE)
def test_who_opens_a_link_is_signed_in_and_the_authorizer_knows_them(
    person: str, ask: Callable[[Issuer, str], dict[str, str]]
) -> None:
    issuer = Issuer()
    told: dict[str, Any] = {}

    async def act(browser: Browser) -> None:
        entered = await browser.enter(person)
        # The page then begins what it would begin with any provider.
        assert (entered.status_code, entered.headers["location"]) == (303, "/?sign-in=1")
        sent_back = await browser.authorize()
        assert sent_back.status_code == 303
        home, _, query = sent_back.headers["location"].partition("?")
        assert (home, dict(parse_qsl(query))["state"]) == (f"{API}/", "s")
        answer = await browser.exchange(dict(parse_qsl(query))["code"])
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
        told.update(answer.json())

    browse(act, issuer)
    assert (told["token_type"], told["expires_in"]) == ("Bearer", 900)
    context = ask(issuer, told["access_token"])
    caller = caller_of({"requestContext": {"authorizer": {"lambda": context}}})
    assert (caller.key_id, caller.name, caller.models) == (f"user:{person}", person, None)
    assert caller.scopes == (set(SCOPES) if "admin" in PEOPLE[person] else set(PEOPLE[person]))
    # A token of another run counts for nothing.
    assert "signature" in ask(Issuer(), told["access_token"])["denied"]


def test_a_link_works_once_and_a_made_up_one_never() -> None:
    async def act(browser: Browser) -> None:
        link = browser.issuer.link(API, "user")
        assert (await browser.client.get(link)).status_code == 303
        for again in (link, f"{API}/login/as/guess", f"{API}/login/as/"):
            browser.client.cookies.clear()
            answer = await browser.client.get(again)
            assert (answer.status_code, "Nobody is signed in" in answer.text) == (403, True)
            assert "set-cookie" not in answer.headers
            assert (await browser.authorize()).status_code == 403

    browse(act)


def test_there_is_no_link_for_nobody() -> None:
    with pytest.raises(ValueError, match="nobody called 'root' here, only user, annotator, administrator"):
        Issuer().link(API, "root")


def test_scripts_and_other_paths_do_not_see_the_cookie() -> None:
    async def act(browser: Browser) -> None:
        cookie = (await browser.enter()).headers["set-cookie"]
        assert cookie.startswith("lifeboat-login-8000=")
        flags = {flag.strip().lower() for flag in cookie.split(";")[1:]}
        assert flags == {"httponly", "path=/login", "samesite=lax"}

    browse(act)


@pytest.mark.parametrize(
    "changes",
    [
        {"redirect_uri": "https://elsewhere.example.com/"},
        {"redirect_uri": f"{API}/more"},
        {"redirect_uri": ""},
        {"client_id": "another"},
        {"code_challenge_method": "plain"},
        {"code_challenge": ""},
    ],
)
def test_a_sign_in_that_does_not_fit_gets_no_code(changes: dict[str, str]) -> None:
    async def act(browser: Browser) -> None:
        await browser.enter()
        answer = await browser.authorize(**changes)
        assert error_of(answer) == (400, "invalid_request")
        assert "location" not in answer.headers

    browse(act)


@pytest.mark.parametrize(
    "changes",
    [
        {"code_verifier": "w" * 43},
        {"code_verifier": ""},
        {"redirect_uri": "https://elsewhere.example.com/"},
        {"code": "guess"},
    ],
)
def test_a_code_is_worth_nothing_to_who_did_not_ask_for_it_and_nothing_after(changes: dict[str, str]) -> None:
    async def act(browser: Browser) -> None:
        await browser.enter()
        code = await browser.code()
        refused = await browser.exchange(**{"code": code, **changes})
        assert error_of(refused) == (400, "invalid_grant")
        if "code" not in changes:
            assert error_of(await browser.exchange(code)) == (400, "invalid_grant")

    browse(act)


def test_a_code_counts_once_and_for_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    async def act(browser: Browser) -> None:
        await browser.enter()
        code = await browser.code()
        assert (await browser.exchange(code)).status_code == 200
        assert error_of(await browser.exchange(code)) == (400, "invalid_grant")
        monkeypatch.setattr(module, "_CODE_SECONDS", -1)
        assert error_of(await browser.exchange(await browser.code())) == (400, "invalid_grant")

    browse(act)


def test_a_refresh_token_is_exchanged_for_another_and_counts_once() -> None:
    async def act(browser: Browser) -> None:
        first = await browser.signed_in()
        second = (await browser.refresh(first["refresh_token"])).json()
        assert second["refresh_token"] != first["refresh_token"]
        assert error_of(await browser.refresh(first["refresh_token"])) == (400, "invalid_grant")
        assert (await browser.refresh(second["refresh_token"])).status_code == 200

    browse(act)


def test_who_logs_out_has_to_open_a_link_again() -> None:
    async def act(browser: Browser) -> None:
        tokens = await browser.signed_in()
        left = await browser.client.get("/login/logout")
        assert (left.status_code, left.headers["location"]) == (303, "/")
        assert 'lifeboat-login-8000="";' in left.headers["set-cookie"]
        assert (await browser.authorize()).status_code == 403
        assert error_of(await browser.refresh(tokens["refresh_token"])) == (400, "invalid_grant")
        # Twice is no fault.
        assert (await browser.client.get("/login/logout")).status_code == 303

    browse(act)


def test_what_is_no_request_for_a_token_is_said_to_be_none() -> None:
    async def act(browser: Browser) -> None:
        tokens = await browser.signed_in()
        assert error_of(await browser.token(grant_type="password")) == (400, "unsupported_grant_type")
        assert error_of(await browser.token()) == (400, "unsupported_grant_type")
        assert error_of(await browser.token(code="x" * 20_000)) == (413, "invalid_request")
        stranger = await browser.refresh(tokens["refresh_token"], client_id="another")
        assert error_of(stranger) == (401, "invalid_client")
        for method, path in (
            ("GET", "token"),
            ("DELETE", "token"),
            ("GET", "nothing"),
            ("POST", "authorize"),
        ):
            assert (await browser.client.request(method, f"/login/{path}")).status_code == 404

    browse(act)


def test_a_link_is_given_to_who_has_the_secret_of_the_run() -> None:
    async def act(browser: Browser) -> None:
        async def post(secret: str, person: str) -> httpx.Response:
            headers = {"authorization": f"Bearer {secret}"}
            return await browser.client.post("/login/link", data={"person": person}, headers=headers)

        secret = browser.issuer.secret
        given = await post(secret, "user")
        assert (await browser.client.get(given.json()["link"])).status_code == 303
        assert error_of(await post(secret, "root")) == (400, "invalid_request")
        assert error_of(await post("guess", "user")) == (401, "invalid_client")
        assert error_of(await browser.client.post("/login/link")) == (401, "invalid_client")
        assert error_of(await post(secret, "x" * 20_000)) == (400, "invalid_request")

    browse(act)


def test_a_runner_that_is_gone_gives_no_link() -> None:
    with pytest.raises(RuntimeError, match="does not answer"):
        another_link("http://127.0.0.1:9", "secret", "user")


def test_other_names_of_this_machine_are_no_door_for_web_pages() -> None:
    async def act(browser: Browser) -> None:
        answer = await browser.client.get("/login/logout", headers={"host": "evil.example.com"})
        assert answer.status_code == 403

    browse(act)


def test_the_functions_are_told_the_public_key_alone() -> None:
    [key] = json.loads(Issuer().jwks())["keys"]
    assert key.keys() == {"kty", "crv", "x", "y", "kid", "use", "alg"}
