"""Settings of the authorizer, in plain Python: its bundle holds no pydantic, which is compiled code."""

import os
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class AuthorizeSettings:
    """Read from the environment, once, on first use.

    `keys` (LIFEBOAT_KEYS): where the list of keys is, `ssm:/name` or a file.
    `refresh_seconds` (LIFEBOAT_KEYS_REFRESH_SECONDS): how old the list in memory may be.
    `grace_seconds` (LIFEBOAT_KEYS_GRACE_SECONDS): how long it counts while a newer one cannot be had.
    """

    keys: str
    refresh_seconds: float
    grace_seconds: float

    @classmethod
    def from_environment(cls) -> Self:
        """Raises `SystemExit` that names each variable at fault: nothing works without them."""
        faults: list[str] = []
        keys = os.environ.get("LIFEBOAT_KEYS", "")
        if not keys:
            faults.append("LIFEBOAT_KEYS: name where the keys are, such as ssm:/lifeboat/dev/keys")
        refresh = _seconds("LIFEBOAT_KEYS_REFRESH_SECONDS", 60, faults)
        grace = _seconds("LIFEBOAT_KEYS_GRACE_SECONDS", 900, faults)
        if faults:
            raise SystemExit("settings do not fit: " + "; ".join(faults))
        return cls(keys, refresh, grace)


def _seconds(name: str, default: float, faults: list[str]) -> float:
    text = os.environ.get(name, str(default))
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    # Neither below zero nor infinite nor no number.
    if not 0 <= seconds < float("inf"):
        faults.append(f"{name}: a number of seconds, 0 or more, is wanted")
    return seconds
