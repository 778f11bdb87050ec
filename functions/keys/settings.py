"""Settings of the keys function."""

from dataclasses import dataclass

from functions.core.base.settings import Settings, setting


@dataclass(frozen=True, kw_only=True)
class KeysSettings(Settings):
    """`LIFEBOAT_KEYS`: where the list of keys is, `ssm:/name` or a file; `LIFEBOAT_DEFAULT_MODEL`.

    `LIFEBOAT_LOGIN_ISSUER`, `LIFEBOAT_LOGIN_GROUPS`: as the authorizer has them. `LIFEBOAT_LOGIN_POOL`: the
    address at which people of a Cognito user pool are managed. `LIFEBOAT_LOGIN_PEOPLE`: those of the runner's
    demo, separated by spaces.
    """

    keys: str = setting()
    default_model: str = setting()
    login_issuer: str = setting("")
    login_groups: str = setting("")
    login_pool: str = setting("")
    login_people: str = setting("")
