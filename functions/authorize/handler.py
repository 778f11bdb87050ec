"""The Lambda authorizer of the HTTP API: the Lambda entry point."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from functions.authorize.allowance import Allowance
from functions.authorize.authorize import authorize
from functions.authorize.keyring import KeyRing
from functions.authorize.login import Login
from functions.authorize.settings import AuthorizeSettings
from functions.core.base.tracing import follow_trace
from functions.core.storage.parameter_opening import open_parameter


@lru_cache(maxsize=1)
def key_ring() -> KeyRing:
    settings = AuthorizeSettings.from_environment()
    return KeyRing(open_parameter(settings.keys), settings.keys_refresh_seconds, settings.keys_grace_seconds)


@lru_cache(maxsize=1)
def login() -> Login:
    return Login(AuthorizeSettings.from_environment())


@lru_cache(maxsize=1)
def allowance() -> Allowance:
    """That of this process: where it is flooded, the gateway refuses, and no second function is paid for."""
    return Allowance(burst=100, per_second=5.0)


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer an authorizer event in payload format 2.0 with a simple response.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html
    """
    follow_trace(event)
    return authorize(event, key_ring(), login(), datetime.now(UTC), allowance())
