"""What SnapStart's snapshot of this function holds, and what must not survive in it.

Lambda starts a published version once, takes a snapshot of its memory, and restores that snapshot wherever
requests come: any number of times, minutes or weeks later.
"""

from collections.abc import Callable
from contextlib import suppress

from functions.core.base.errors import NoChampion
from functions.predict.service import service


def register_hooks(load_app: Callable[[], object]) -> None:
    """Have Lambda prepare for its snapshot; anywhere else, do nothing.

    load_app: loads what any request may need into the snapshot.
    """
    try:
        from snapshot_restore_py import register_after_restore, register_before_snapshot
    except ImportError:
        # It is part of Lambda's runtime, not of our bundle.
        return
    # Late: without a snapshot nobody needs it, and a cold start would wait for it.
    import random

    register_before_snapshot(before_snapshot, load_app)
    # The SDK's pauses between attempts are random: were they the same in every machine restored from one
    # snapshot, all of them would ask a troubled store again at the same moment. Ids need no such care: see
    # `functions.core.base.ids`.
    register_after_restore(random.seed)


def before_snapshot(load_app: Callable[[], object]) -> None:
    """Load the default champion into the snapshot, but have it checked again before the first answer after a
    restore.

    A store without a champion, or out of reach, fails no deployment: the first request asks again. Settings
    that do not fit (`SystemExit`) do fail it, which is better than failing every request.
    """
    # A snapshot may be large: it holds the framework too.
    load_app()
    cache = service().default
    # The cache has logged why.
    with suppress(NoChampion):
        cache.current()
    cache.expire()
