"""Tables, stores and events for the tests of scoring jobs."""

import csv
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from functions.core.registry import serving
from functions.core.schema.rows import RowReader
from functions.core.schema.text.row_cutting import cut_rows
from functions.core.scoring.scorer import Scorer
from functions.core.scoring.table_scorer import TableScorer, open_plain, survey_table
from functions.core.storage.contract import Store
from functions.core.storage.view import ModelStore
from functions.scoring.events import answer_event
from functions.scoring.job import Job, read_job
from functions.scoring.service import Service
from functions.scoring.settings import ScoringSettings
from functions.scoring.worker import Limits
from tests.conftest import MODEL, TITANIC

LIMITS = Limits(
    beat=0.05,
    patience=0.0,
    reserve=1.0,
    part_bytes=40_000,
    cut_bytes=10_000,
    block_bytes=10_000,
    # Without patience, those who are at it at once take a job from one another again and again.
    max_attempts=10,
    pause=lambda _: None,
)
"""So small that the shipped table takes several parts, and nobody waits."""


def table(rows: int = 3_000) -> bytes:
    """The shipped table, again and again."""
    lines = TITANIC.read_bytes().splitlines(keepends=True)
    header, *body = lines
    return header + b"".join(body[index % len(body)] for index in range(rows))


def expected(store: ModelStore, body: bytes) -> bytes:
    """What a job makes of a file, made in one go."""
    version = serving.read_served_champion(store).version
    served = serving.read_served_version(store, version, None)
    scorer = Scorer(serving.read_graph(store, version, served.model_sha256), served.schema)
    reader, stream = RowReader(served.schema), open_plain(io.BytesIO(body))
    dialect = survey_table(stream, reader).dialect
    scored = TableScorer(scorer, reader, version, dialect)
    return b"".join([scored.header(), *(scored.score(part).body for part in cut_rows(stream, dialect))])


def result(store: ModelStore) -> bytes | None:
    """The bytes of the one result there is; None where there is none."""
    entries = [*store.list("scored/results/")]
    assert len(entries) <= 1
    return store.get(entries[0].key).body if entries else None


def results(store: ModelStore) -> dict[str, bytes]:
    return {entry.key: store.get(entry.key).body for entry in store.list("scored/results/")}


def the_job(store: ModelStore) -> Job:
    """The one job there is."""
    [entry] = store.list("scored/jobs/")
    return read_job(store, entry.key.rpartition("/")[2].removesuffix(".json")).job


def jobs(store: ModelStore) -> list[Job]:
    names = [entry.key.rpartition("/")[2].removesuffix(".json") for entry in store.list("scored/jobs/")]
    return [read_job(store, name).job for name in names]


def left_over(root: Path) -> list[str]:
    """What is in the store of uploads that have not ended, and of tails."""
    uploads = [path.name for path in (root / ".uploads").glob("*")]
    return uploads + [path.name for path in root.glob(f"scored/{MODEL}/tails/**/*") if path.is_file()]


def put_event(store: Store, key: str) -> dict[str, Any]:
    """What S3 sends of the object at `key`."""
    entry = store.head(key)
    object_ = {"key": key, "eTag": entry.etag.strip('"'), "sequencer": "0A"}
    if entry.version_id:
        object_["versionId"] = entry.version_id
    record = {"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": {"object": object_}}
    return {"Records": [record]}


def rows_of(body: bytes) -> list[dict[str, str]]:
    return [*csv.DictReader(io.StringIO(body.decode(), newline=""), strict=True)]


@contextmanager
def calls(store: object, name: str, before: Callable[..., None]) -> Iterator[None]:
    """Have `before` called with what a method of a store is called with, before it is."""
    method = getattr(store, name)

    def called(*arguments: Any, **options: Any) -> Any:
        before(*arguments, **options)
        return method(*arguments, **options)

    setattr(store, name, called)
    try:
        yield
    finally:
        delattr(store, name)


@dataclass(frozen=True, kw_only=True)
class QuickSettings(ScoringSettings):
    """Settings with limits that no environment could set."""

    quick: Limits = LIMITS

    @property
    def limits(self) -> Limits:
        return self.quick


def service_of(store: Store, limits: Limits = LIMITS) -> Service:
    service = Service(QuickSettings(store="unused", default_model=MODEL, quick=limits))
    service.__dict__["store"] = store
    return service


def handle(
    store: Store,
    event: dict[str, Any],
    *,
    limits: Limits = LIMITS,
    seconds: Callable[[], float] = lambda: 900.0,
) -> list[dict[str, Any]]:
    """What the function answers to an event, for each of its records."""
    answer: list[dict[str, Any]] = answer_event(service_of(store, limits), event, seconds)["results"]
    return answer


def handle_all(store: Store, event: dict[str, Any], **options: Any) -> dict[str, Any]:
    """The same, and to the events that follow from it, to the end of the job. The last answer."""
    [answer] = handle(store, event, **options)
    for _ in range(200):
        if answer["state"] != "running":
            return answer
        [answer] = handle(store, put_event(store, f"scoring/{MODEL}/again/{answer['job']}"), **options)
    raise AssertionError("the job does not end")
