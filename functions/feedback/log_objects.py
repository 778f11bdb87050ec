"""Objects of the prediction log, several at once: a day has up to 1,440 of them."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from functions.core.errors import InvalidInput
from functions.core.store import Entry, Store

READ_AT_ONCE = 8


def bodies(store: Store, entries: Sequence[Entry]) -> Iterator[bytes]:
    """What the objects hold, in order."""
    with ThreadPoolExecutor(READ_AT_ONCE) as readers:
        yield from readers.map(lambda entry: store.get(entry.key).body, entries)


def size(entries: Sequence[Entry], most: int) -> int:
    """The bytes of the objects together. Raises `InvalidInput` when they are more than `most`."""
    found = sum(entry.size for entry in entries)
    if found > most:
        raise InvalidInput(
            f"that takes reading {found >> 20} MiB of the prediction log, and one request reads no more than "
            f"{most >> 20} MiB: ask for a shorter time (`from`, `to`), or send fewer outcomes at once"
        )
    return found
