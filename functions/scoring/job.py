"""A scoring job as the store keeps it: one record, replaced only by who has seen the last one."""

from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import Field, ValidationError

from functions.core.base.errors import Conflict, NotFound, UnusableRecord
from functions.core.base.records import Count, Moment, Record
from functions.core.storage.view import ModelStore
from functions.scoring.places import job_key

State = Literal["waiting", "running", "completing", "done", "failed", "cancelled"]
ENDED = frozenset({"done", "failed", "cancelled"})


class Input(Record):
    """The object that is scored. size: bytes, as it lies in the store."""

    etag: str
    size: Count
    version_id: str | None = None


class Columns(Record):
    """What became of the columns of the file, and what had to be decided to read it, in sentences."""

    used: tuple[str, ...]
    passed_over: tuple[str, ...]
    missing: tuple[str, ...]
    notes: tuple[str, ...] = ()


class Plan(Record):
    """What was decided before the first row. lines: below the header. part_bytes: of the result's parts.

    upload: in which the result is written.
    """

    dialect: dict[str, Any]
    lines: Count
    columns: Columns
    part_bytes: Count
    upload: str


class Progress(Record):
    """How far it is: all of this counts, nothing else does.

    begins: the byte of the plain text at which the next row begins, or its number in a Parquet file, from 0;
    line: its number, from 1. rows: scored and bad
    ones, bad: of these. parts: ETags of those of the result that are written, in order. tail: the key of
    what was scored beyond them.
    """

    begins: Count
    line: Count
    rows: Count = 0
    bad: Count = 0
    parts: tuple[str, ...] = ()
    tail: str | None = None


class Job(Record):
    """A job.

    key: of the file, in the view of its model. version: of the model, fixed when the first row is scored.
    worker: who is at it; None between two of them. beat: grows as long as somebody is. attempts: how many
    began since it last got on. seconds: of work.
    """

    id: str
    key: str
    state: State
    created_at: Moment
    updated_at: Moment
    by: str = ""
    explain: bool = False
    input: Input | None = None
    version: str | None = None
    plan: Plan | None = None
    progress: Progress | None = None
    started_at: Moment | None = None
    ended_at: Moment | None = None
    reason: str = ""
    worker: str | None = None
    beat: Count = 0
    attempts: Count = 0
    seconds: float = Field(0.0, ge=0)

    @property
    def has_ended(self) -> bool:
        return self.state in ENDED

    @property
    def planned(self) -> tuple[Plan, Progress]:
        """The plan, and how far it is. Raises `UnusableRecord` before there is one."""
        if self.plan is None or self.progress is None:
            raise UnusableRecord(f"the record of the scoring job {self.id} lacks its plan")
        return self.plan, self.progress


class StoredJob:
    """The record of a job, with the ETag by which it may be replaced."""

    def __init__(self, store: ModelStore, job: Job, etag: str) -> None:
        self.store = store
        self.job = job
        self._etag = etag

    @property
    def etag(self) -> str:
        return self._etag

    def save(self, **changes: Any) -> None:
        """Replace the record. Raises `Conflict` where somebody else did since it was read."""
        job = Job.model_validate(self.job.model_dump() | {"updated_at": datetime.now(UTC)} | changes)
        key, body = job_key(job.id), _body(job)
        try:
            self._etag = self.store.replace(key, body, etag=self._etag)
        except Conflict:
            # It may be our own: a write whose answer was lost is sent again by the SDK.
            now = self.store.get(key)
            if now.body != body:
                raise
            self._etag = now.etag
        self.job = job


def create_job(store: ModelStore, job: Job) -> StoredJob:
    """Raises `Conflict` where there is one of that name."""
    return StoredJob(store, job, store.create(job_key(job.id), _body(job)))


def read_job(store: ModelStore, id_: str) -> StoredJob:
    """Raises `NotFound`, `UnusableRecord`."""
    try:
        blob = store.get(job_key(id_))
    except NotFound:
        raise NotFound(
            f"the model {store.model} has no scoring job {id_}; jobs are kept for 30 days"
        ) from None
    try:
        return StoredJob(store, Job.model_validate_json(blob.body), blob.etag)
    except ValidationError as error:
        raise UnusableRecord(f"the record of the scoring job {id_} is damaged") from error


def _body(job: Job) -> bytes:
    return job.model_dump_json().encode()
