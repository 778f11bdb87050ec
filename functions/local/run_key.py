"""The key that ends with the run."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime

from functions.core.base.errors import LifeboatError, NotFound
from functions.core.identity.key_list import add, revoke
from functions.core.identity.keys import make_key
from functions.core.storage.parameter import Parameter
from functions.core.storage.parameter_opening import open_parameter
from functions.local.store.folder import KeptFolder

# A runner that is killed cannot revoke its key.
KEY_DAYS = 1


@asynccontextmanager
async def api_key(
    place: str, on_trouble: Callable[[str], None], folder: KeptFolder | None = None
) -> AsyncIterator[str]:
    """A key that may do everything while this runs, among those kept at `place`; revoked at the end.

    That of a runner of the folder that was killed is revoked now.

    Raises `StoreUnavailable`, `UnusableKeys`, `ParameterFull`, and `ValueError` when `place` is none.
    """
    now = datetime.now(UTC)
    text, key = make_key(["admin"], "make run", now, KEY_DAYS)
    parameter: Parameter = await asyncio.to_thread(open_parameter, place)
    if folder:
        if folder.before and folder.before.key_id:
            with suppress(NotFound):
                await asyncio.to_thread(revoke, parameter, folder.before.key_id, now)
        folder.note_key(key.id)
    await asyncio.to_thread(add, parameter, key, now)
    try:
        yield text
    finally:
        try:
            revoke(parameter, key.id, datetime.now(UTC))
        except LifeboatError as error:
            on_trouble(f"the key {key.id} was not revoked, it expires within a day: {error}")
