"""The store in a folder of this machine, with the same promises as the one in S3."""

import fcntl
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from functions.core.base.errors import Conflict, NotFound, StoreUnavailable
from functions.core.storage.contract import Blob, Entry


class FolderStore:
    """Objects as files below `root`. An ETag is the MD5 of the bytes, as S3's is for simple uploads."""

    def __init__(self, root: str) -> None:
        self._root = Path(root).resolve()

    def get(self, key: str) -> Blob:
        body = self._read(key)
        return Blob(body, _etag(body))

    def get_if_changed(self, key: str, etag: str) -> Blob | None:
        blob = self.get(key)
        return None if blob.etag == etag else blob

    def head(self, key: str, version_id: str | None = None) -> Entry:
        _only_the_latest(key, version_id)
        entry = self._entry(self._path(key), key)
        with suppress(NotFound):
            return replace(entry, metadata=json.loads(self._read(_beside(key))))
        return entry

    @contextmanager
    def open(self, key: str, version_id: str | None = None) -> Iterator[BinaryIO]:
        _only_the_latest(key, version_id)
        try:
            stream = self._path(key).open("rb")
        except FileNotFoundError as error:
            raise NotFound(f"the store has no {key}") from error
        with stream:
            yield stream

    def list(self, prefix: str) -> Iterator[Entry]:
        # What is not in this folder does not begin with the prefix.
        folder = self._root / prefix.rpartition("/")[0]
        files = (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
        for key in sorted(path.relative_to(self._root).as_posix() for path in files):
            if key.startswith(prefix):
                yield self._entry(self._root / key, key)

    def put(self, key: str, body: bytes) -> str:
        with self._written(key, body) as part:
            # Of the object before, nothing stays.
            self._path(_beside(key)).unlink(missing_ok=True)
            part.replace(self._path(key))
        return _etag(body)

    def create(self, key: str, body: bytes, *, metadata: Mapping[str, str] | None = None) -> str:
        with self._written(key, body) as part:
            if metadata and not self._path(key).exists():
                # First: whoever sees the object may ask for it.
                self.put(_beside(key), json.dumps(dict(metadata)).encode())
            try:
                # A hard link fails where the name exists: the whole file appears at once, or not at all.
                os.link(part, self._path(key))
            except FileExistsError as error:
                raise Conflict(f"{key} was written by somebody else first") from error
        return _etag(body)

    def replace(self, key: str, body: bytes, *, etag: str) -> str:
        self._make_root()
        with (self._root / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            try:
                current = self.get(key).etag
            except NotFound as error:
                raise Conflict(f"{key} is gone") from error
            if current != etag:
                raise Conflict(f"{key} was written by somebody else first")
            return self.put(key, body)

    def delete(self, key: str) -> None:
        try:
            self._path(key).unlink(missing_ok=True)
            self._path(_beside(key)).unlink(missing_ok=True)
        except OSError as error:
            raise StoreUnavailable(f"the store could not delete {key}: {error.strerror}") from error

    def create_bucket(self) -> None:
        self._make_root()

    def disconnect(self) -> None:
        """A folder has no connections to close."""

    def _make_root(self) -> None:
        try:
            self._root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreUnavailable(f"the store's folder cannot be made: {error.strerror}") from error

    def _path(self, key: str) -> Path:
        # No file's name has a zero byte: the operating system would not even look.
        if "\0" in key:
            raise NotFound(f"the store has no {key!r}")
        path = (self._root / key).resolve()
        if not path.is_relative_to(self._root) or path == self._root:
            raise NotFound(f"{key} leaves the store")
        return path

    def _read(self, key: str) -> bytes:
        try:
            return self._path(key).read_bytes()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
            raise NotFound(f"the store has no {key}") from error
        except OSError as error:
            raise StoreUnavailable(f"the store could not read {key}: {error.strerror}") from error

    def _entry(self, path: Path, key: str) -> Entry:
        body = self._read(key)
        modified = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        return Entry(key, len(body), _etag(body), modified)

    @contextmanager
    def _written(self, key: str, body: bytes) -> Iterator[Path]:
        """The bytes in a temporary file beside their place, gone afterwards."""
        self._make_root()
        folder = self._path(key).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=folder, prefix=".part-", delete=False) as part:
                part.write(body)
                part.flush()
                os.fsync(part.fileno())
        except OSError as error:
            raise StoreUnavailable(f"the store could not write {key}: {error.strerror}") from error
        try:
            yield Path(part.name)
        finally:
            Path(part.name).unlink(missing_ok=True)


def _beside(key: str) -> str:
    """Where the metadata of an object stands: in a file that no listing shows."""
    folder, slash, name = key.rpartition("/")
    return f"{folder}{slash}.{name}.metadata"


def _only_the_latest(key: str, version_id: str | None) -> None:
    """Raises `NotFound` where a version is asked for: in a folder, what was overwritten is gone."""
    if version_id is not None:
        raise NotFound(f"the store has no version {version_id} of {key}: a folder keeps none")


def _etag(body: bytes) -> str:
    return f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
