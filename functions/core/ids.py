"""Identifiers that carry their time."""

import os
import time
from uuid import UUID


def uuid7() -> UUID:
    """A UUID of version 7: 48 bits of Unix milliseconds, 74 random bits (RFC 9562, section 5.7).

    The random part is read from the operating system each time, so a process restored from a
    snapshot does not repeat the ids of another.
    """
    value = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10))
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return UUID(int=value)
