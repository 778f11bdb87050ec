"""Adding, listing and revoking keys, wherever the list is kept."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from functions.core.base.errors import Conflict, NotFound, ParameterFull, UnusableKeys
from functions.core.identity.keys import Key, Keys, merge, read_keys, write_keys
from functions.core.storage.parameter import Parameter


def all_keys(parameter: Parameter) -> Keys:
    """The keys by id; none when there is no list yet. Raises `UnusableKeys`, `StoreUnavailable`."""
    try:
        return read_keys(parameter.read())
    except NotFound:
        return {}


def add(parameter: Parameter, key: Key, now: datetime) -> None:
    """Add a key. Raises `ParameterFull`, `UnusableKeys`, `StoreUnavailable`, `Conflict`."""

    def change(texts: Sequence[str]) -> str:
        keys = _merged(texts)
        if keys.setdefault(key.id, key).sha256 != key.sha256:
            raise Conflict("there is a key of that id already; try again")
        return write_keys(keys, now)

    try:
        parameter.update(change)
    except ParameterFull as error:
        reason = "there is no room for another key; those revoked or expired leave the list after 30 days"
        raise ParameterFull(reason) from error


def revoke(parameter: Parameter, id_: str, now: datetime) -> Key:
    """Revoke a key; one that is revoked already stays so, from when it was.

    Returns what is kept of it. Raises `NotFound`, and what `add` raises.
    """
    revoked: list[Key] = []

    def change(texts: Sequence[str]) -> str:
        keys = _merged(texts)
        if id_ not in keys:
            raise NotFound(f"there is no key {id_}; `list` shows those there are")
        key = keys[id_]
        keys[id_] = replace(key, revoked=key.revoked or now.replace(microsecond=0))
        revoked[:] = [keys[id_]]
        return write_keys(keys, now)

    parameter.update(change)
    return revoked[0]


def _merged(texts: Sequence[str]) -> dict[str, Key]:
    """What several states of the list come to. Raises `UnusableKeys` when the newest is damaged."""
    lists = [read_keys(text) for text in texts[-1:]]
    for text in texts[:-1]:
        # A state that was damaged and has been mended since.
        with suppress(UnusableKeys):
            lists.append(read_keys(text))
    return merge(lists)
