"""A dataset that is named on the command line, as a file of this machine, and the schema beside it."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from functions.core.base.errors import NotFound
from functions.core.schema.parsing import read_schema
from functions.core.schema.schema import Schema
from functions.core.storage.opening import open_store
from training.challenge import Upload
from training.source import Source, download

_ENDINGS = (".gz", ".csv", ".tsv", ".txt")


@dataclass(frozen=True, slots=True)
class LocalFile:
    """beside: the schema that lies beside the dataset, as JSON; None when none does."""

    source: Source
    upload: Upload
    beside: bytes | None

    def schema(self, named: Path | None, *, use_beside: bool) -> Schema | None:
        """The schema in the file that was named, or else beside the dataset. Raises `InvalidSchema`,
        `OSError`."""
        body = named.read_bytes() if named else self.beside if use_beside else None
        return None if body is None else read_schema(body)


@contextmanager
def local_file(address: str) -> Iterator[LocalFile]:
    """The dataset at a path or at s3://bucket/key, downloaded if it stands there. Raises `NotFound`."""
    if not address.startswith("s3://"):
        path = Path(address)
        beside = Path(schema_beside(address))
        # The time of the file may be any; what counts is when it was handed in.
        upload = Upload(path.name, datetime.now(UTC))
        yield LocalFile(path, upload, beside.read_bytes() if beside.exists() else None)
        return
    bucket, _, key = address.removeprefix("s3://").partition("/")
    store = open_store(f"s3://{bucket}")
    entry = store.head(key)
    body = None
    with suppress(NotFound):
        body = store.get(schema_beside(key)).body
    with download(store, entry) as source:
        yield LocalFile(source, Upload(key, entry.modified, entry.version_id), body)


def schema_beside(address: str) -> str:
    """Where the schema of a table lies: `churn.schema.json` beside `churn.csv.gz`."""
    for ending in _ENDINGS:
        address = address.removesuffix(ending)
    return f"{address}.schema.json"
