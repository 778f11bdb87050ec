"""Who people are on this machine: an OpenID Connect provider for as long as the runner runs.

It knows one demo person for each role, and lets in whoever opens a link that the runner printed: each link
works once. What follows is what any provider does, so the pages know no other way: authorization code with
PKCE (RFC 6749, RFC 7636), access and refresh tokens, log-out. Only the links are its own: another one is
asked for with the secret of the run, which `make login` finds in the runner's state file.

The gateway has it below `PREFIX`. These are the only routes that are not in template.yaml: in AWS, Cognito or
another provider has them.
"""

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

PREFIX = "/login"
CLIENT = "lifeboat"
# Only a name: nobody asks for anything there. The port is not known when the functions are told of it.
ISSUER = "https://lifeboat.invalid/login"
PEOPLE: Mapping[str, tuple[str, ...]] = {
    "user": ("predict",),
    "annotator": ("predict", "feedback"),
    "administrator": ("admin",),
}
ALGORITHM = "ES256"
TOKEN_SECONDS = 900
_CODE_SECONDS = 60
_KEY_ID = "runner"
_MAX_FORM = 16_384
_NO_STORE = {"cache-control": "no-store"}
_NOBODY = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Lifeboat</title>
<h1>Nobody is signed in</h1>
<p>Open one of the links that the terminal shows, or have another: <code>make login</code>.</p></html>"""


@dataclass(frozen=True, slots=True)
class _Grant:
    """A sign-in under way: whose it is, and what only the page that began it knows."""

    person: str
    challenge: str
    redirect: str
    until: float


@dataclass
class Issuer:
    """Holds everything in memory; a new run knows nobody.

    secret: with it, another link can be asked for over HTTP.
    """

    secret: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    _links: dict[str, str] = field(default_factory=dict)
    _sessions: dict[str, str] = field(default_factory=dict)
    _grants: dict[str, _Grant] = field(default_factory=dict)
    _refreshes: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())

    def jwks(self) -> str:
        """The public key, as functions are given it."""
        jwk = ECAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return json.dumps({"keys": [{**jwk, "kid": _KEY_ID, "use": "sig", "alg": ALGORITHM}]})

    def environment(self) -> dict[str, str]:
        """What the functions of the template are told of this provider."""
        groups = " ".join(f"{person}={','.join(scopes)}" for person, scopes in PEOPLE.items())
        return {
            "LIFEBOAT_LOGIN_ISSUER": ISSUER,
            "LIFEBOAT_LOGIN_AUDIENCE": CLIENT,
            "LIFEBOAT_LOGIN_KEYS": self.jwks(),
            "LIFEBOAT_LOGIN_NAME": "sub",
            "LIFEBOAT_LOGIN_GROUPS": groups,
            "LIFEBOAT_LOGIN_PEOPLE": " ".join(PEOPLE),
            "LIFEBOAT_LOGIN_CLIENT": CLIENT,
            **{
                f"LIFEBOAT_LOGIN_{name.upper()}": f"{PREFIX[1:]}/{name}"
                for name in ("authorize", "token", "logout")
            },
        }

    def link(self, api: str, person: str) -> str:
        """An address below `api` that signs `person` in, once. Raises `ValueError` for nobody of the demo."""
        if person not in PEOPLE:
            raise ValueError(f"there is nobody called {person!r} here, only {', '.join(PEOPLE)}")
        text = secrets.token_urlsafe(16)
        self._links[text] = person
        return f"{api}{PREFIX}/as/{text}"

    async def answer(self, request: Request) -> Response:
        """Answer a request below `PREFIX`."""
        place = request.scope["path"].removeprefix(f"{PREFIX}/")
        match request.method, place:
            case "POST", "token":
                return await self._token(request)
            case "POST", "link":
                return await self._another_link(request)
            case "GET", "authorize":
                return self._authorize(request)
            case "GET", "logout":
                return self._leave(request)
            case "GET", _ if place.startswith("as/"):
                return self._enter(request, place.removeprefix("as/"))
        return JSONResponse({"message": "Not Found"}, 404)

    async def _another_link(self, request: Request) -> Response:
        sent = request.headers.get("authorization", "")
        if not secrets.compare_digest(sent.encode(), f"Bearer {self.secret}".encode()):
            return _oauth_error("invalid_client", "only `make login` may ask for a link", 401)
        form = await _form(request)
        try:
            link = self.link(_home(request).rstrip("/"), (form or {}).get("person", ""))
        except ValueError as error:
            return _oauth_error("invalid_request", str(error))
        return JSONResponse({"link": link}, headers=_NO_STORE)

    def _enter(self, request: Request, link: str) -> Response:
        person = self._links.pop(link, None)
        if person is None:
            return HTMLResponse(_NOBODY, 403)
        session = secrets.token_urlsafe(32)
        self._sessions[session] = person
        response = RedirectResponse("/?sign-in=1", 303)
        response.set_cookie(_cookie(request), session, path=PREFIX, httponly=True, samesite="lax")
        return response

    def _authorize(self, request: Request) -> Response:
        person = self._sessions.get(request.cookies.get(_cookie(request), ""))
        if person is None:
            return HTMLResponse(_NOBODY, 403)
        given = request.query_params
        redirect = given.get("redirect_uri", "")
        # Whoever would have the code sent elsewhere gets none.
        if given.get("client_id") != CLIENT or redirect != _home(request):
            return _oauth_error("invalid_request", "this client or redirect is not known")
        if given.get("code_challenge_method") != "S256" or not given.get("code_challenge"):
            return _oauth_error("invalid_request", "PKCE with S256 is needed")
        now = time.monotonic()
        self._grants = {text: grant for text, grant in self._grants.items() if now < grant.until}
        code = secrets.token_urlsafe(32)
        self._grants[code] = _Grant(person, given["code_challenge"], redirect, now + _CODE_SECONDS)
        query = urlencode({"code": code, "state": given.get("state", "")})
        return RedirectResponse(f"{redirect}?{query}", 303)

    async def _token(self, request: Request) -> Response:
        form = await _form(request)
        if form is None:
            return _oauth_error("invalid_request", "the form is too large", 413)
        if form.get("client_id") != CLIENT:
            return _oauth_error("invalid_client", "this client is not known", 401)
        if form.get("grant_type") == "authorization_code":
            grant = self._grants.pop(form.get("code", ""), None)
            if grant and _fits(grant, form):
                return self._tokens(grant.person)
        elif form.get("grant_type") == "refresh_token":
            person = self._refreshes.pop(form.get("refresh_token", ""), None)
            if person:
                return self._tokens(person)
        else:
            return _oauth_error("unsupported_grant_type", "authorization_code or refresh_token is needed")
        return _oauth_error("invalid_grant", "this sign-in has expired, or was used; sign in again")

    def _tokens(self, person: str) -> Response:
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": ISSUER, "aud": CLIENT, "sub": person, "groups": [person], "token_use": "access",
            "iat": now, "exp": now + TOKEN_SECONDS, "jti": secrets.token_hex(8),
        }  # fmt: skip
        token = jwt.encode(claims, self._key, ALGORITHM, headers={"kid": _KEY_ID})
        refresh = secrets.token_urlsafe(32)
        self._refreshes[refresh] = person
        return JSONResponse(
            {
                "access_token": token,
                "token_type": "Bearer",
                "expires_in": TOKEN_SECONDS,
                "refresh_token": refresh,
            },
            headers=_NO_STORE,
        )

    def _leave(self, request: Request) -> Response:
        person = self._sessions.pop(request.cookies.get(_cookie(request), ""), None)
        self._refreshes = {text: of for text, of in self._refreshes.items() if of != person}
        response = RedirectResponse("/", 303)
        response.delete_cookie(_cookie(request), path=PREFIX)
        return response


def another_link(api: str, secret: str, person: str) -> str:
    """Ask the issuer of the runner at `api` for a link. Raises `RuntimeError` that says why there is none."""
    send: dict[str, Any] = {"data": {"person": person}, "headers": {"authorization": f"Bearer {secret}"}}
    try:
        # Whatever proxy the environment names, it does not lead to this machine.
        answer = httpx.post(f"{api}{PREFIX}/link", trust_env=False, **send)
    except httpx.HTTPError as error:
        raise RuntimeError(f"the runner at {api} does not answer: {error}") from error
    if answer.status_code != 200:
        raise RuntimeError(f"the runner at {api} gives no link: {answer.text}")
    return str(answer.json()["link"])


def _home(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}/"


def _cookie(request: Request) -> str:
    """Its name. Browsers keep one set of cookies for all ports of a machine, and two runners may be up."""
    return f"lifeboat-login-{request.url.port or 80}"


async def _form(request: Request) -> dict[str, str] | None:
    """The form that was sent; None as soon as it is too large."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_FORM:
            return None
    return {name: values[-1] for name, values in parse_qs(body.decode("latin-1")).items()}


def _fits(grant: _Grant, form: Mapping[str, str]) -> bool:
    digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    return (
        secrets.compare_digest(challenge, grant.challenge)
        and form.get("redirect_uri") == grant.redirect
        and time.monotonic() < grant.until
    )


def _oauth_error(code: str, words: str, status: int = 400) -> Response:
    """RFC 6749, section 5.2."""
    return JSONResponse({"error": code, "error_description": words}, status)
