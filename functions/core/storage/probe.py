"""Whether a store honours the writes that everything relies on."""

from contextlib import suppress

from functions.core.base.errors import Conflict, UnsafeStore
from functions.core.storage.contract import Store

PROBE = "registry/probe.json"


def probe(store: Store) -> None:
    """Make sure that the store honours If-None-Match and If-Match before anything relies on them.

    Writes `registry/probe.json` once and leaves it there. Raises `UnsafeStore`.
    """
    body = b'{"purpose": "shows that this store honours conditional writes"}'
    with suppress(Conflict):
        store.create(PROBE, body)
    # Other bytes: a write that finds its own there counts as made (`Store.create`).
    with suppress(Conflict):
        store.create(PROBE, body + b"\n")
        raise _unsafe("If-None-Match")
    with suppress(Conflict):
        store.replace(PROBE, body + b"\n\n", etag='"00000000000000000000000000000000"')
        raise _unsafe("If-Match")


def _unsafe(header: str) -> UnsafeStore:
    return UnsafeStore(
        f"this store ignores {header} on writes, so two promotions at once could overwrite each other; "
        "use one that honours conditional writes, as Amazon S3, MinIO and Cloudflare R2 do"
    )
