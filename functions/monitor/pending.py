"""A dataset that was decided on: its bytes are written down before the decision is, and uploaded after it.

So an upload is never made that the state does not know of, and one that the state knows of is made, whichever
run lives to do it, of the very bytes that were decided on. The copy below `monitoring/` fires nothing; the
lifecycle of the bucket clears it away (template.yaml).
"""

import hashlib
from contextlib import suppress

from pydantic import Field

from functions.core.base.errors import Conflict, NotFound
from functions.core.base.logs import log
from functions.core.base.records import Record
from functions.core.registry import lineage
from functions.core.registry.datasets import FOLDER, LABELLED
from functions.core.registry.manifest import Lineage
from functions.core.storage.view import ModelStore
from functions.monitor.dataset import Built


class Pending(Record):
    """A dataset that lies ready in `copy_key`. `key` is where it belongs; both in the view of its model."""

    # It is written to, whatever the state says.
    key: str = Field(pattern=rf"^{FOLDER}{LABELLED}[0-9a-f]{{16}}\.csv$")
    copy_key: str = Field(pattern=r"^monitoring/datasets/[0-9a-f]{64}\.csv$")
    lineage: Lineage


def write_copy(store: ModelStore, dataset: Built) -> Pending:
    """Write the bytes down, under their hash: of several runs at once none overwrites those of another."""
    copy = _key_of_copy(dataset.body)
    store.put(copy, dataset.body)
    return Pending(key=dataset.key, copy_key=copy, lineage=dataset.lineage)


def _key_of_copy(body: bytes) -> str:
    return f"monitoring/datasets/{hashlib.sha256(body).hexdigest()}.csv"


def upload_dataset(store: ModelStore, pending: Pending) -> bool:
    """Upload it, which starts a retrain, unless a run has done so before.

    Returns False when its bytes are gone (the lifecycle takes them if the monitor does not run for a week) or
    when they are not those that were decided on.
    """
    try:
        body = store.get(pending.copy_key).body
    except NotFound:
        log("WARNING", "a dataset is gone before it was uploaded", dataset=store.full(pending.key))
        return False
    if _key_of_copy(body) != pending.copy_key:
        log("ERROR", "a dataset was changed before it was uploaded", dataset=store.full(pending.key))
        return False
    with suppress(Conflict):
        store.create(pending.key, body, metadata=lineage.to_metadata(pending.lineage))
    return True
