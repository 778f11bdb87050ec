"""Settings of the authorizer."""

from dataclasses import dataclass

from functions.core.base.settings import Settings, setting


@dataclass(frozen=True, kw_only=True)
class AuthorizeSettings(Settings):
    """`LIFEBOAT_KEYS`: where the list of keys is, `ssm:/name` or a file; `LIFEBOAT_KEYS_REFRESH_SECONDS`: how
    old the list in memory may be; `LIFEBOAT_KEYS_GRACE_SECONDS`: how long it counts while a newer one cannot
    be had.

    `LIFEBOAT_LOGIN_ISSUER`: the provider whose access tokens count, as they name it; empty: none does.
    `LIFEBOAT_LOGIN_AUDIENCE`: for whom they have to be, one or more separated by spaces.
    `LIFEBOAT_LOGIN_KEYS`: the address of the provider's keys (JWKS), or the document itself; when left out,
    /.well-known/jwks.json below the issuer. `LIFEBOAT_LOGIN_NAME`: the claim that says who somebody is; `sub`
    when left out. `LIFEBOAT_LOGIN_GROUPS`: what groups and scopes of a token allow, such as
    `annotators=predict,feedback staff=read`."""

    keys: str = setting()
    keys_refresh_seconds: float = setting(60.0, ge=0)
    keys_grace_seconds: float = setting(900.0, ge=0)
    login_issuer: str = setting("")
    login_audience: str = setting("")
    login_keys: str = setting("")
    login_name: str = setting("sub")
    login_groups: str = setting("")
