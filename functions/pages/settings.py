"""Settings of the pages: where people log in, and where they send large files."""

from dataclasses import dataclass

from functions.core.base.settings import Settings, setting


@dataclass(frozen=True, kw_only=True)
class PagesSettings(Settings):
    """Where people log in; without the first of them, they use keys. And the store, of which nothing is read
    here: pages send large files to it.

    `LIFEBOAT_STORE`: `s3://bucket`, or a folder.
    `LIFEBOAT_LOGIN_AUTHORIZE`, `_TOKEN`, `_LOGOUT`: endpoints of the provider, addresses or paths below this
    API.
    `LIFEBOAT_LOGIN_CLIENT`: the id that the provider knows these pages by.
    `LIFEBOAT_LOGIN_SCOPE`: what is asked for. `LIFEBOAT_LOGIN_REQUEST_AUDIENCE`: the API that an access token
    is asked for; empty: the provider is not told.
    """

    store: str = setting("")
    login_authorize: str = setting("")
    login_token: str = setting("")
    login_logout: str = setting("")
    login_client: str = setting("lifeboat")
    login_scope: str = setting("openid profile")
    login_request_audience: str = setting("")
