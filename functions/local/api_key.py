"""A key for the time of a run, so that whoever starts the API can ask it something at once."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from functions.core.base.errors import LifeboatError
from functions.core.identity.key_list import add, revoke
from functions.core.identity.keys import make_key
from functions.core.storage.opening import open_parameter
from functions.core.storage.parameter import Parameter

# A runner that is killed cannot revoke its key.
DAYS = 1


@asynccontextmanager
async def api_key(place: str, on_trouble: Callable[[str], None]) -> AsyncIterator[str]:
    """A key that may do everything, among those kept at `place`; revoked at the end.

    Raises `StoreUnavailable`, `UnusableKeys`, `ParameterFull`, and `ValueError` when `place` is none.
    """
    now = datetime.now(UTC)
    text, key = make_key(["admin"], "make run", now, DAYS)
    parameter: Parameter = await asyncio.to_thread(open_parameter, place)
    await asyncio.to_thread(add, parameter, key, now)
    try:
        yield text
    finally:
        try:
            revoke(parameter, key.id, datetime.now(UTC))
        except LifeboatError as error:
            on_trouble(f"the key {key.id} was not revoked, it expires within a day: {error}")
