"""Settings of the authorizer."""

from dataclasses import dataclass

from functions.core.base.settings import Settings, setting


@dataclass(frozen=True, kw_only=True)
class AuthorizeSettings(Settings):
    """`LIFEBOAT_KEYS`: where the list of keys is, `ssm:/name` or a file; `LIFEBOAT_KEYS_REFRESH_SECONDS`: how
    old the list in memory may be; `LIFEBOAT_KEYS_GRACE_SECONDS`: how long it counts while a newer one cannot
    be had."""

    keys: str = setting()
    keys_refresh_seconds: float = setting(60.0, ge=0)
    keys_grace_seconds: float = setting(900.0, ge=0)
