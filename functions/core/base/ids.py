"""Identifiers that carry their time, and how a version is named."""

import os
import time
from datetime import UTC, datetime
from uuid import UUID

# How a version is named. Versions become keys of the store: nothing else may pass where one is asked for.
VERSION = r"^[0-9a-f]{16}$"
# And a model, for the same reason. What else a name may not be: `core.registry.models`.
MODEL = r"^[a-z][a-z0-9-]{0,39}$"
# How an id looks, for documents.
PATTERN = "^0[0-9a-f]{7}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"


def new_ids(count: int) -> list[str]:
    """`count` UUIDs of version 7: 48 bits of Unix milliseconds, 74 random bits (RFC 9562, section 5.7).

    The random part is read from the operating system each time, so a process restored from a snapshot, or
    forked, does not repeat the ids of another.
    """
    now = f"{time.time_ns() // 1_000_000:012x}"
    head = f"{now[:8]}-{now[8:]}-7"
    # Twenty digits for each, of which one goes unused.
    digits = os.urandom(10 * count).hex()
    return [
        f"{head}{random[:3]}-{_VARIANT[random[3]]}{random[4:7]}-{random[7:19]}"
        for random in (digits[start : start + 20] for start in range(0, 20 * count, 20))
    ]


def time_of(id_: str) -> datetime:
    """When an id was made, in UTC to the millisecond. Raises `ValueError` when it is no UUID of version 7."""
    uuid = UUID(id_)
    if uuid.version != 7:
        raise ValueError(f"{id_} is not a UUID of version 7")
    return datetime.fromtimestamp((uuid.int >> 80) / 1000, UTC)


# The two highest bits of the ninth byte are 1 and 0, the two below them random.
_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}
