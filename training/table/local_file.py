"""A dataset that is named on the command line, as a file of this machine, and the schema beside it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from functions.core.base.errors import InvalidInput, NotFound
from functions.core.schema.document.parsing import read_schema
from functions.core.schema.schema import Schema
from functions.core.storage.opening import open_store
from training.table.files import ENDINGS, tables_at
from training.table.formats import Several
from training.table.provenance import Upload
from training.table.source import Source, StoredObject, download


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
    if is_shared and any(address.startswith("s3://") for address in addresses):
        yield _shared(addresses)
        return
    address = addresses[0]
    if len(addresses) > 1 or not address.startswith("s3://"):
        path = Path(address)
        beside = Path(schema_beside(str(path)))
        # The time of the file may be any; what counts is when it was handed in.
        upload = Upload(path.name, datetime.now(UTC))
        for named in addresses:
            if named.startswith("s3://"):
                raise InvalidInput(
                    f"of several files, each has to be on this machine: download {named}, or train on a "
                    "cluster"
                )
        yield LocalFile(_source(addresses), upload, beside.read_bytes() if beside.exists() else None)
        return
    bucket, _, key = address.removeprefix("s3://").partition("/")
    store = open_store(f"s3://{bucket}")
    entry = store.head(key)
    body = None
    with suppress(NotFound):
        body = store.get(schema_beside(key)).body
    upload = Upload(key, entry.modified, entry.version_id)
    with download(store, entry) as source:
        yield LocalFile(source, upload, body)


def _shared(addresses: Sequence[str]) -> LocalFile:
    """The dataset in objects of a store, which are read where they stand. A schema lies beside a single one.

    Raises `InvalidInput`, `NotFound`.
    """
    source, body = _source(addresses), None
    if isinstance(source, StoredObject):
        with suppress(NotFound):
            body = open_store(source.address).get(schema_beside(source.key)).body
    key = addresses[0].removeprefix("s3://").partition("/")[2].rstrip("/")
    return LocalFile(source, Upload(key, datetime.now(UTC)), body)


def _source(addresses: Sequence[str]) -> Source:
    """The files at addresses, of which each may be a folder. Raises `InvalidInput`, `NotFound`."""
    files = [file for address in addresses for file in tables_at(address)]
    if len(files) == 1:
        return files[0]
    names = [
        str(file) if [other.name for other in files].count(file.name) > 1 else file.name for file in files
    ]
    return Several(dict(zip(names, files, strict=True)))


def schema_beside(address: str) -> str:
    """Where the schema of a table lies: `churn.schema.json` beside `churn.csv.gz`."""
    for ending in ENDINGS:
        address = address.removesuffix(ending)
    return f"{address}.schema.json"
