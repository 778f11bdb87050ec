"""Who calls, and what they may do: what the authorizer found out about the key or token of a request."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from functions.core.base.errors import Forbidden, StoreUnavailable, Unauthorized

SCOPES = ("predict", "feedback", "read", "admin")
"""predict: scores, explanations, what was answered, and what a row is. feedback: outcomes, and which rows to
label. read: what tells of models and of data: manifests, comparisons, datasets, reports. admin: all of these,
and to change what is in service."""

HOW_TO_SEND_A_KEY = (
    "send one in the header x-api-key, as Authorization: Bearer, or as the password of Authorization: Basic"
)
NOBODY = f"this needs a key, or the access token of somebody who is logged in: {HOW_TO_SEND_A_KEY}"


class Caller(NamedTuple):
    """The holder of a valid key, or a person who is logged in: scopes, and the models these are for.

    key_id: the id of the key, which is no secret, or of the person (`user:alice@example.com`). It is what is
    recorded of what they do. name: what to call them; of a key, what was noted when it was made.
    """

    key_id: str
    scopes: frozenset[str]
    models: frozenset[str] | None = None
    """None: all of them, those that are not born yet included."""
    name: str = ""

    def require(self, *scopes: str, model: str | None = None) -> None:
        """Raises `Forbidden` without one of these scopes, for this model (None: what is about no model)."""
        if self.scopes.isdisjoint(scopes):
            raise Forbidden(f"this needs the scope {' or '.join(scopes)}")
        if model is not None and not self.may_see(model):
            raise Forbidden(f"this key is for other models: {', '.join(sorted(self.models or ()))}")

    def may_see(self, model: str) -> bool:
        """Whether these scopes are for this model."""
        return self.models is None or model in self.models


def caller_of(event: Mapping[str, Any]) -> Caller:
    """The caller of an HTTP API event (payload format 2.0), as `functions.authorize` identified them.

    Raises `Unauthorized` when no valid key was shown, or when no authorizer looked at the request at all;
    `StoreUnavailable` when the keys could not be looked up.
    """
    known = (event.get("requestContext", {}).get("authorizer") or {}).get("lambda") or {}
    if known.get("unavailable"):
        raise StoreUnavailable(str(known["unavailable"]))
    if known.get("denied"):
        raise Unauthorized(str(known["denied"]))
    if not known.get("key_id"):
        raise Unauthorized(NOBODY)
    return Caller(
        str(known["key_id"]),
        _scopes(str(known.get("scopes", ""))),
        _models(str(known.get("models", ""))),
        str(known.get("name", "")),
    )


@lru_cache(maxsize=64)
def _scopes(given: str) -> frozenset[str]:
    """Those of a key: an administrator can do whatever the others can."""
    scopes = frozenset(given.split()).intersection(SCOPES)
    return frozenset(SCOPES) if "admin" in scopes else scopes


@lru_cache(maxsize=64)
def _models(given: str) -> frozenset[str] | None:
    """Those that a key is limited to; None where it is limited to none."""
    return frozenset(given.split()) or None
