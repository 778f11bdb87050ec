"""The files that are tables, by their names: on this machine, or in a store."""

from pathlib import Path

from functions.core.base.errors import InvalidInput
from functions.core.schema.tables.header import listed
from functions.core.storage.opening import open_store
from training.table.source import StoredObject

ENDINGS = (".gz", ".csv", ".tsv", ".txt", ".parquet")


def files_at(path: Path) -> list[Path]:
    """The tables in a folder, in the order of their names; or the file itself. Raises `InvalidInput`."""
    if not path.is_dir():
        return [path]
    tables = [file for file in sorted(path.iterdir()) if file.is_file() and _is_table(file.name)]
    if not tables:
        raise _no_table(path)
    return tables


def tables_at(address: str) -> list[Path] | list[StoredObject]:
    """The same of a path, or of s3://bucket/key, where a key that ends with "/" is a folder. Raises
    `InvalidInput`, `NotFound`, `StoreUnavailable`."""
    if not address.startswith("s3://"):
        return files_at(Path(address))
    bucket, _, key = address.removeprefix("s3://").partition("/")
    store = open_store(f"s3://{bucket}")
    if key and not key.endswith("/"):
        entry = store.head(key)
        return [StoredObject(f"s3://{bucket}", key, entry.size, entry.etag)]
    tables = [
        StoredObject(f"s3://{bucket}", entry.key, entry.size, entry.etag)
        for entry in store.list(key)
        if "/" not in entry.key.removeprefix(key) and _is_table(entry.key.removeprefix(key))
    ]
    if not tables:
        raise _no_table(address)
    return tables


def _is_table(name: str) -> bool:
    # What writes a folder of files marks its own with these.
    return name.endswith(ENDINGS) and name[0] not in "._"


def _no_table(folder: object) -> InvalidInput:
    return InvalidInput(f"the folder {folder} has no file that ends with {listed(ENDINGS)}")
