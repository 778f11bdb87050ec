"""Where a dataset came from, as its version tells it."""

from dataclasses import dataclass
from datetime import datetime

from functions.core.registry.manifest import Lineage


@dataclass(frozen=True, slots=True)
class Upload:
    """Where a dataset came from. `key` in the whole store; `uploaded_at` in UTC; `lineage` of a dataset that
    was made from feedback; `uploaded_by` of one that came through the API."""

    key: str
    uploaded_at: datetime
    version_id: str | None = None
    lineage: Lineage | None = None
    uploaded_by: str | None = None
