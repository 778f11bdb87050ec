"""Access tokens, of people and of programs. What checks them is imported for the first of them."""

from typing import TYPE_CHECKING

from functions.authorize.settings import AuthorizeSettings
from functions.core.base.errors import StoreUnavailable, Unauthorized
from functions.core.base.logs import log
from functions.core.identity.provider import Provider, parse_groups

if TYPE_CHECKING:
    from functions.core.identity.tokens import KeySet, TokenHolder


class Login:
    """The provider that the settings name, if they name one.

    Raises `SystemExit` for settings that do not fit together, as all of them do.
    """

    def __init__(self, settings: AuthorizeSettings) -> None:
        self._provider = _provider(settings)
        self._place = settings.login_keys or f"{settings.login_issuer.rstrip('/')}/.well-known/jwks.json"
        self._keys: KeySet | None = None

    def holder_of(self, token: str) -> "TokenHolder":
        """Whose token this is. Raises `Unauthorized` that says why it does not count, `StoreUnavailable`."""
        if self._provider is None:
            raise Unauthorized("access tokens do not count here: no log-in is set up; send a key")
        # What checks signatures is large. Who shows a key does not wait for it.
        from functions.core.identity.tokens import KeySet, check_token

        if self._keys is None:
            try:
                self._keys = KeySet(self._place)
            except ValueError as error:
                log("ERROR", "LIFEBOAT_LOGIN_KEYS is no set of keys: every access token is refused")
                raise StoreUnavailable(
                    "access tokens cannot be checked: log-in is not set up right"
                ) from error
        return check_token(token, self._provider, self._keys)


def _provider(settings: AuthorizeSettings) -> Provider | None:
    if not settings.login_issuer:
        return None
    audiences = tuple(settings.login_audience.split())
    if not audiences:
        raise SystemExit(
            "settings do not fit: LIFEBOAT_LOGIN_AUDIENCE: it is not set; without it, tokens for any other "
            "application of LIFEBOAT_LOGIN_ISSUER would count"
        )
    try:
        groups = parse_groups(settings.login_groups)
    except ValueError as error:
        raise SystemExit(f"settings do not fit: LIFEBOAT_LOGIN_GROUPS: {error}") from error
    return Provider(settings.login_issuer, audiences, settings.login_name or "sub", groups)
