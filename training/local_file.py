"""A dataset that is named on the command line, as a file of this machine, and the schema beside it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from functions.core.base.errors import InvalidInput, NotFound
from functions.core.schema.parsing import read_schema
from functions.core.schema.schema import Schema
from functions.core.storage.opening import open_store
from training.challenge import Upload
from training.source import Source, StoredObject, download
from training.table_files import ENDINGS, files_at
from training.tables import Several


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
def local_file(*addresses: str, is_shared: bool = False) -> Iterator[LocalFile]:
    """The dataset at a path or at s3://bucket/key, downloaded if it stands there; or in several files, or all
    of a folder, which are one table. is_shared: other machines are to read it as well, so that it stays where
    it stands. Raises `NotFound`, `InvalidInput`.
    """
    address = addresses[0]
    if len(addresses) > 1 or not address.startswith("s3://"):
        path = Path(address)
        beside = Path(schema_beside(str(path)))
        # The time of the file may be any; what counts is when it was handed in.
        upload = Upload(path.name, datetime.now(UTC))
        yield LocalFile(_source(addresses), upload, beside.read_bytes() if beside.exists() else None)
        return
    bucket, _, key = address.removeprefix("s3://").partition("/")
    store = open_store(f"s3://{bucket}")
    entry = store.head(key)
    body = None
    with suppress(NotFound):
        body = store.get(schema_beside(key)).body
    upload = Upload(key, entry.modified, entry.version_id)
    if is_shared:
        yield LocalFile(StoredObject(f"s3://{bucket}", key, entry.size, entry.etag), upload, body)
        return
    with download(store, entry) as source:
        yield LocalFile(source, upload, body)


def _source(addresses: Sequence[str]) -> Source:
    """The files at paths, of which each may be a folder. Raises `InvalidInput`."""
    for address in addresses:
        if address.startswith("s3://"):
            raise InvalidInput(f"of several files, each has to be on this machine: download {address}")
    paths = [file for address in addresses for file in files_at(Path(address))]
    if len(paths) == 1:
        return paths[0]
    names = [
        str(path) if [other.name for other in paths].count(path.name) > 1 else path.name for path in paths
    ]
    return Several(dict(zip(names, paths, strict=True)))


def schema_beside(address: str) -> str:
    """Where the schema of a table lies: `churn.schema.json` beside `churn.csv.gz`."""
    for ending in ENDINGS:
        address = address.removesuffix(ending)
    return f"{address}.schema.json"
