"""Who calls, and what they may do: read from what the authorizer found out about the key of a request."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from functions.core.errors import Forbidden, StoreUnavailable, Unauthorized

SCOPES = ("predict", "feedback", "admin")
# An administrator can do whatever the others can.
_INCLUDED = {"admin": frozenset(SCOPES)}

HOW_TO_SEND_A_KEY = "send one in the header x-api-key, or as Authorization: Bearer"


@dataclass(frozen=True, slots=True)
class Caller:
    """The holder of a valid key: its id, which is no secret, and the scopes it was given."""

    key_id: str
    scopes: frozenset[str]

    def require(self, scope: str) -> None:
        """Raises `Forbidden` unless one of the caller's scopes is `scope` or includes it."""
        if not any(scope == own or scope in _INCLUDED.get(own, ()) for own in self.scopes):
            raise Forbidden(f"this needs a key with the scope {scope}")


def caller_of(event: Mapping[str, Any]) -> Caller:
    """The caller of an HTTP API event (payload format 2.0), as `functions.authorize` identified them.

    Raises `Unauthorized` when no valid key was shown, or when no authorizer looked at the request at all;
    `StoreUnavailable` when the keys could not be looked up.
    """
    found = (event.get("requestContext", {}).get("authorizer") or {}).get("lambda") or {}
    if found.get("unavailable"):
        raise StoreUnavailable(str(found["unavailable"]))
    if found.get("denied"):
        raise Unauthorized(str(found["denied"]))
    if not found.get("key_id"):
        raise Unauthorized(f"this needs a key: {HOW_TO_SEND_A_KEY}")
    return Caller(str(found["key_id"]), frozenset(str(found.get("scopes", "")).split()) & frozenset(SCOPES))
