"""What the API says of a job, and takes to begin one."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from functions.core.base.errors import NotFound
from functions.core.storage.contract import Entry
from functions.scoring.job import Job, StoredJob
from functions.scoring.places import ENDINGS, result_key

ADDRESS_SECONDS = 3_600
"""How long an address to upload to or to download from can be used."""


class JobRequest(BaseModel):
    """Either the name of a file that is to be uploaded, or the key of one in the store."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "oneOf": [
                {"required": [name], "properties": {name: {"type": "string"}}} for name in ("file", "key")
            ]
        },
    )

    file: str | None = Field(
        None,
        min_length=1,
        max_length=100,
        description=f"What the file is called that you will upload: it ends with {ENDINGS}",
        examples=["march.csv.gz"],
    )
    key: str | None = Field(
        None,
        min_length=1,
        max_length=1_024,
        description="Of a file that is in the store already, below scoring/{model}/in/",
    )
    explain: bool = Field(
        False,
        description="Add to each row what each feature contributed, as Shapley values; 100,000 rows at most",
    )


class Address(BaseModel):
    """Where a file is to be sent to, or the result to be had from, without a key, for a time."""

    method: Literal["PUT", "GET"]
    url: str
    expires_in: int = Field(description="Seconds from now")


class ScoredColumns(BaseModel):
    """What became of the columns of the file, each by its name there; `missing` by the schema's names."""

    used: list[str]
    passed_over: list[str]
    missing: list[str]
    notes: list[str] = Field(description="What had to be decided to read the file, in sentences")


class JobAnswer(BaseModel):
    """A job, and how far it is."""

    job: str = Field(examples=["6f1c0a9d3b7e52c84410"])
    model: str
    version: str | None = Field(description="Of the model; null until the first row is scored")
    state: Literal["waiting", "running", "done", "failed", "cancelled"] = Field(
        description="`waiting`: for its file to be uploaded"
    )
    reason: str = Field(description="Of a job that failed: what went wrong, and what to do")
    key: str = Field(description="Where the file lies in the store")
    explain: bool
    by: str = Field(description="The key that asked for it; empty where the file was put into the store")
    rows: int = Field(description="Rows done, bad ones among them")
    bad_rows: int = Field(description="Rows that were not scored; the result says of each why")
    lines: int | None = Field(
        description="Lines below the header: as many rows, but for blank lines and line breaks in cells. "
        "Of Parquet, rows. Null until the file was read once"
    )
    rows_per_second: float | None
    seconds: float = Field(description="Of work so far")
    created_at: datetime
    started_at: datetime | None
    updated_at: datetime
    ended_at: datetime | None
    columns: ScoredColumns | None
    upload: Address | None = Field(
        description="Of a job that waits: where to send the file. Null where the store has no addresses"
    )
    result: Address | None = Field(description="Of a job that is done: CSV, the columns of the file first")
    result_key: str | None = Field(description="Of a job that is done: where the result lies in the store")
    result_bytes: int | None


class JobList(BaseModel):
    """The jobs that changed last, those begun last first."""

    jobs: list[JobAnswer]
    damaged: list[str] = Field(description="Ids of jobs whose record cannot be read")


def describe(stored: StoredJob, result: Entry | None = None) -> JobAnswer:
    """What is true of a job. result: the object, where there is one."""
    job, store = stored.job, stored.store
    progress, plan = job.progress, job.plan
    rows = progress.rows if progress else 0
    return JobAnswer(
        job=job.id,
        model=store.model,
        version=job.version,
        state="running" if job.state == "completing" else job.state,
        reason=job.reason,
        key=store.full(job.key),
        explain=job.explain,
        by=job.by,
        rows=rows,
        bad_rows=progress.bad if progress else 0,
        lines=plan.lines if plan else None,
        rows_per_second=round(rows / job.seconds, 1) if rows and job.seconds else None,
        seconds=round(job.seconds, 3),
        created_at=job.created_at,
        started_at=job.started_at,
        updated_at=job.updated_at,
        ended_at=job.ended_at,
        columns=ScoredColumns.model_validate(plan.columns.model_dump()) if plan else None,
        upload=_address(stored, "PUT", job.key) if job.state == "waiting" else None,
        result=_address(stored, "GET", result_key(job.id, job.key)) if result else None,
        result_key=store.full(result.key) if result else None,
        result_bytes=result.size if result else None,
    )


def result_of(stored: StoredJob) -> Entry | None:
    """The result of a job that is done. Raises `NotFound` where it was deleted since."""
    job: Job = stored.job
    return stored.store.head(result_key(job.id, job.key)) if job.state == "done" else None


def describe_all(jobs: Sequence[StoredJob], damaged: Sequence[str]) -> JobList:
    """What is true of each. The result of one may have been deleted since."""
    described = []
    for stored in jobs:
        try:
            described.append(describe(stored, result_of(stored)))
        except NotFound:
            described.append(describe(stored))
    return JobList(jobs=described, damaged=[*damaged])


def _address(stored: StoredJob, method: Literal["PUT", "GET"], key: str) -> Address | None:
    url = stored.store.presign(method, key, ADDRESS_SECONDS)
    return Address(method=method, url=url, expires_in=ADDRESS_SECONDS) if url else None
