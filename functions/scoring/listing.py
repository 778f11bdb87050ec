"""The scoring jobs of a model that changed last."""

from operator import attrgetter

from functions.core.base.errors import NotFound, UnusableRecord
from functions.core.storage.view import ModelStore
from functions.scoring.job import StoredJob, read_job
from functions.scoring.places import JOBS


def newest_jobs(store: ModelStore, limit: int) -> tuple[list[StoredJob], list[str]]:
    """Up to `limit` jobs, those begun last first; and the ids of those whose record is damaged."""
    entries = sorted(store.list(JOBS), key=attrgetter("modified"), reverse=True)
    jobs, damaged = [], []
    for entry in entries[:limit]:
        id_ = entry.key.removeprefix(JOBS).removesuffix(".json")
        try:
            jobs.append(read_job(store, id_))
        except UnusableRecord:
            damaged.append(id_)
        except NotFound:
            # It went, as jobs do after their time, since it was listed.
            continue
    jobs.sort(key=lambda stored: stored.job.created_at, reverse=True)
    return jobs, damaged
