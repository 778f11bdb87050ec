"""Whose access tokens count here, and what a token looks like: all that can be told without checking one.

It imports nothing of what checks signatures (`core.identity.tokens`): most requests show a key.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from functions.core.identity.caller import SCOPES

MAX_TOKEN = 8_192
_JWT = r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"


def is_token(text: str) -> bool:
    """Whether a credential has the form of a JWT, which no key has."""
    # Counted first: no cold start that is asked with a key waits for the compilation of the pattern.
    return len(text) <= MAX_TOKEN and text.count(".") == 2 and re.fullmatch(_JWT, text) is not None


@dataclass(frozen=True, slots=True)
class Provider:
    """Whose tokens count, and what they allow.

    issuer, audiences: as the tokens have them; one of the audiences will do. name_claim: which claim says who
    it is; it must be one that its holder cannot change. groups: the scopes that each of the provider's groups
    or scopes stands for.
    """

    issuer: str
    audiences: tuple[str, ...]
    name_claim: str
    groups: Mapping[str, tuple[str, ...]]


def parse_groups(text: str) -> dict[str, tuple[str, ...]]:
    """The scopes by group, from `group=scope group=scope,scope`. Raises `ValueError` that says what is wrong.

    A group that has the name of a scope stands for it unless it is listed.
    """
    groups: dict[str, tuple[str, ...]] = {scope: (scope,) for scope in SCOPES}
    for part in text.split():
        group, sign, named = part.partition("=")
        scopes = tuple(named.split(","))
        if not group or not sign or not set(scopes) <= set(SCOPES):
            raise ValueError(f"{part!r} is not group=scope; scopes are {', '.join(SCOPES)}")
        groups[group] = scopes
    return groups
