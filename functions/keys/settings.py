"""Settings of the keys function."""

from dataclasses import dataclass

from functions.core.base.settings import Settings, setting


@dataclass(frozen=True, kw_only=True)
class KeysSettings(Settings):
    """`LIFEBOAT_KEYS`: where the list of keys is, `ssm:/name` or a file; `LIFEBOAT_DEFAULT_MODEL`."""

    keys: str = setting()
    default_model: str = setting()
