"""Access tokens of OpenID Connect: from a JWT to whom it was issued, and what they may do here.

Signatures are PyJWT's and cryptography's to check. RFC 7519 (JWT), RFC 9068 (JWT access tokens), RFC 7517
(JWKS).
"""

import json
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import jwt
from jwt import PyJWK, PyJWKSet

from functions.core.base.errors import StoreUnavailable, Unauthorized
from functions.core.base.logs import log
from functions.core.identity.caller import SCOPES
from functions.core.identity.provider import Provider

# A symmetric algorithm would take the public key, which everybody has, for a secret; `none` takes nothing.
ALGORITHMS = ("RS256", "ES256")
# What the name of a label has room for (`core.predictions.labels`).
MAX_ID = 128
# Clocks of two machines differ by a little.
_LEEWAY_SECONDS = 10
# A provider announces a key before it signs with it, and forgets one long after.
_REFRESH_SECONDS = 3_600.0
# Whoever sends tokens with made-up key ids must not have us ask the provider each time.
_REFETCH_SECONDS = 30.0
_FETCH_SECONDS = 3.0
_MAX_KEY_SET = 262_144
# Where providers put groups and scopes: Cognito, Entra and Keycloak, RFC 8693, Okta.
_GROUP_CLAIMS = ("cognito:groups", "groups", "roles")
_SCOPE_CLAIMS = ("scope", "scp")

Fetch = Callable[[str], bytes]


@dataclass(frozen=True, slots=True)
class TokenHolder:
    """The person or program that a token was issued to. `id` is what is recorded of what they do."""

    id: str
    name: str
    scopes: tuple[str, ...]


class KeySet:
    """The provider's public keys: fetched at first use and now and then, kept while they cannot be."""

    def __init__(
        self, place: str, fetch: Fetch | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """place: the address of a JWKS document, or the document itself."""
        self._place = place
        self._fetch = fetch or _fetch
        self._clock = clock
        self._keys: dict[str, PyJWK] = {}
        self._read_at = self._tried_at = float("-inf")
        if place.startswith("{"):
            self._keys = _parse_keys(place.encode())
            self._read_at = self._tried_at = float("inf")

    def find(self, key_id: str) -> PyJWK:
        """Raises `Unauthorized` for a key that the provider does not have, `StoreUnavailable` when there are
        no keys to look among."""
        now = self._clock()
        if now >= self._read_at + _REFRESH_SECONDS or key_id not in self._keys:
            self._refresh(now)
        if key := self._keys.get(key_id):
            return key
        if not self._keys:
            raise StoreUnavailable("the provider's keys cannot be had at the moment; try again")
        raise Unauthorized("this token is signed with a key that its provider does not have")

    def _refresh(self, now: float) -> None:
        if now < self._tried_at + _REFETCH_SECONDS:
            return
        self._tried_at = now
        try:
            self._keys = _parse_keys(self._fetch(self._place))
            self._read_at = now
        except (OSError, ValueError) as error:
            log("ERROR", "the provider's keys were not refreshed", cause=repr(error), kept=len(self._keys))


def check_token(text: str, provider: Provider, keys: KeySet) -> TokenHolder:
    """Whose token `text` is. Raises `Unauthorized` that says why it does not count, `StoreUnavailable`."""
    key = keys.find(_key_id(text))
    try:
        claims = jwt.decode(
            text,
            key,
            algorithms=[key.algorithm_name],
            issuer=provider.issuer,
            leeway=_LEEWAY_SECONDS,
            options={"require": ["exp", "iss"], "verify_aud": False},
        )
    except jwt.ExpiredSignatureError:
        raise Unauthorized("this token has expired; log in again, or refresh it") from None
    except jwt.ImmatureSignatureError:
        raise Unauthorized("this token does not count yet; is the clock right?") from None
    except jwt.InvalidIssuerError:
        raise Unauthorized("this token is of another provider") from None
    except jwt.PyJWTError:
        raise Unauthorized("this token is damaged, or its signature is not its provider's") from None
    _check_purpose(claims, provider)
    name = str(claims.get(provider.name_claim) or claims.get("sub") or claims.get("client_id") or "")
    id_ = _id_of(name)
    if not name or not name.isprintable() or len(id_) > MAX_ID:
        raise Unauthorized(
            f"this token does not say whose it is: {provider.name_claim} is missing, long or not printable"
        )
    return TokenHolder(id_, name, _scopes(claims, provider))


def _id_of(name: str) -> str:
    """What is recorded of whoever has this name. A key's id is eight hex digits: no name may pass for one.

    It becomes part of keys of the store, where a slash and a tilde separate.
    """
    return "user:" + quote(name, safe="@.+ ").replace("~", "%7E")


def _key_id(text: str) -> str:
    try:
        header = jwt.get_unverified_header(text)
    except jwt.PyJWTError:
        raise Unauthorized("this token is damaged") from None
    if header.get("alg") not in ALGORITHMS:
        raise Unauthorized(f"tokens are signed with {' or '.join(ALGORITHMS)} here")
    key_id = header.get("kid")
    if not isinstance(key_id, str):
        raise Unauthorized("this token does not name the key that it is signed with")
    return key_id


def _check_purpose(claims: Mapping[str, Any], provider: Provider) -> None:
    """Whether it is an access token for this API. Cognito's has no audience, but the id of its client."""
    # Cognito says so, and Keycloak; OpenID Connect has the hash of an access token in no other.
    if claims.get("token_use", "access") != "access" or claims.get("typ") == "ID" or "at_hash" in claims:
        raise Unauthorized("this is an id token, which says who somebody is; send the access token")
    audience = claims.get("aud", claims.get("client_id"))
    audiences = audience if isinstance(audience, list) else [audience]
    if not any(known in audiences for known in provider.audiences):
        raise Unauthorized("this token is for another application")


def _scopes(claims: Mapping[str, Any], provider: Provider) -> tuple[str, ...]:
    """What the groups and scopes of a token stand for. A scope may have the name of an API before it."""
    named = [*_texts(claims, _GROUP_CLAIMS)]
    named += [scope.rpartition("/")[2] for scope in _texts(claims, _SCOPE_CLAIMS)]
    allowed = {scope for group in named for scope in provider.groups.get(group, ())}
    return tuple(scope for scope in SCOPES if scope in allowed)


def _texts(claims: Mapping[str, Any], names: Iterable[str]) -> Iterator[str]:
    for name in names:
        value = claims.get(name)
        listed = value.split() if isinstance(value, str) else value if isinstance(value, list) else []
        yield from (text for text in listed if isinstance(text, str))


def _parse_keys(body: bytes) -> dict[str, PyJWK]:
    """The keys of a JWKS document that can be used here, by id. Raises `ValueError` when there is none."""
    try:
        keys = PyJWKSet.from_dict(json.loads(body)).keys
    except (jwt.PyJWTError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError("this is no set of keys") from error
    usable = {
        key.key_id: key for key in keys if isinstance(key.key_id, str) and key.algorithm_name in ALGORITHMS
    }
    if not usable:
        raise ValueError(f"this set has no key with an id for {' or '.join(ALGORITHMS)}")
    return usable


def _fetch(address: str) -> bytes:
    """Raises `OSError`, also for an address that is not encrypted, and `ValueError`."""
    if urlsplit(address).scheme != "https":
        raise OSError("the provider's keys are only asked for over https")
    # The rule is against addresses such as file:, which the lines above have refused.
    with urllib.request.urlopen(address, timeout=_FETCH_SECONDS) as response:  # noqa: S310
        if urlsplit(response.geturl()).scheme != "https":
            raise OSError("the provider's keys were sent on to an address without encryption")
        body: bytes = response.read(_MAX_KEY_SET + 1)
    if len(body) > _MAX_KEY_SET:
        raise ValueError(f"the provider's keys are more than {_MAX_KEY_SET} bytes")
    return body
