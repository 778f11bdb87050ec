"""From a request to the holder of its key or of its access token."""

import base64
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from functions.authorize.allowance import Allowance
from functions.authorize.keyring import KeyRing
from functions.authorize.login import Login
from functions.core.base.errors import StoreUnavailable, Unauthorized
from functions.core.base.logs import log
from functions.core.identity.caller import HOW_TO_SEND_A_KEY, NOBODY
from functions.core.identity.keys import check
from functions.core.identity.provider import is_token

_AUTHORIZATION = re.compile(r"(bearer|basic) +(\S+)", re.IGNORECASE)
# What a key looks like from its beginning: also one that was cut off is somebody's secret.
_BEGINNING = re.compile(r"lb_[0-9a-f]{8}_")


def authorize(
    event: Mapping[str, Any], ring: KeyRing, login: Login, now: datetime, allowance: Allowance
) -> dict[str, Any]:
    """Answer an authorizer event of an HTTP API (format 2.0) with what is known of the caller.

    A refusal lets the request through as well, because an HTTP API cannot put our errors into its own: the
    function behind the route reads the context with `core.identity.caller.caller_of`, and says what is wrong.
    That costs two functions and their lines of log. Once there are more refusals than `allowance` has, the
    gateway refuses by itself, with 403 and `{"message":"Forbidden"}`.
    """
    try:
        known = _known(_shown(event), ring, login, now)
    except Unauthorized as error:
        if not allowance.take():
            return {"isAuthorized": False}
        # Who still sends a key that has ended can be found; an id that anybody can make up is not logged.
        known_id = {"key_id": error.key_id} if error.key_id else {}
        log("INFO", "key refused", **known_id, reason=str(error), request_id=_request_id(event))
        return _answer(denied=str(error))
    except StoreUnavailable as error:
        return _answer(unavailable=str(error))
    return _answer(**known)


def _known(text: str, ring: KeyRing, login: Login, now: datetime) -> dict[str, str]:
    """What is known of who shows this. A key and a token come to the same."""
    if is_token(text):
        holder = login.holder_of(text)
        return {"key_id": holder.id, "scopes": " ".join(holder.scopes), "name": holder.name}
    key = check(text, ring.current(), now)
    return {
        "key_id": key.id,
        "scopes": " ".join(key.scopes),
        "models": " ".join(key.models),
        "name": key.note,
    }


def _answer(**known: str) -> dict[str, Any]:
    # A context of an HTTP API holds texts.
    context = dict.fromkeys(("key_id", "scopes", "models", "name", "denied", "unavailable"), "") | known
    return {"isAuthorized": True, "context": context}


def _shown(event: Mapping[str, Any]) -> str:
    """The key or token that the request shows. Raises `Unauthorized` when it shows none where one may be."""
    address = f"{event.get('rawPath') or ''}?{event.get('rawQueryString') or ''}"
    if _BEGINNING.search(unquote(address)):
        raise Unauthorized(
            "a key must not stand in an address, which logs and histories keep: "
            f"revoke it, make another and {HOW_TO_SEND_A_KEY}"
        )
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    if "x-api-key" in headers:
        return str(headers["x-api-key"]).strip()
    if sent := _AUTHORIZATION.fullmatch(str(headers.get("authorization", "")).strip()):
        return sent[2] if sent[1].lower() == "bearer" else _password(sent[2])
    raise Unauthorized(NOBODY)


def _password(credentials: str) -> str:
    """The password of HTTP Basic, or the user where there is none.

    Clients that know of no other way send it, from an address (`https://key:lb_...@host`) or a .netrc.
    Raises `Unauthorized` when the credentials are damaged.
    """
    try:
        text = base64.b64decode(credentials, validate=True).decode()
    except ValueError:
        raise Unauthorized(
            f"the credentials of Authorization: Basic are damaged; {HOW_TO_SEND_A_KEY}"
        ) from None
    user, _, password = text.partition(":")
    return password or user


def _request_id(event: Mapping[str, Any]) -> str:
    return str(event.get("requestContext", {}).get("requestId", ""))
