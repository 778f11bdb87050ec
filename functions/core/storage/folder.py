"""The store in a folder of this machine, with the same promises as the one in S3."""

import errno
import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Literal

from functions.core.base.errors import Conflict, KeyTooLong, NotFound, StoreUnavailable
from functions.core.storage.contract import Blob, Entry, check_key_to_read, check_key_to_write
from functions.core.storage.folder_uploads import FolderUploads
from functions.core.storage.parts import sweep, written

# Where objects are written before they appear: one folder, in which what killed writers left is found.
_PARTS = ".parts"
_MAX_ETAGS = 100_000
_BLOCK = 1 << 20

_MISSING = {errno.ENOENT, errno.EISDIR, errno.ENOTDIR, errno.ENAMETOOLONG}


class FolderStore:
    """Objects as files below `root`. An ETag is the MD5 of the bytes, as S3's is for simple uploads."""

    def __init__(self, root: str) -> None:
        self._root = Path(root).resolve()
        self._uploads = FolderUploads(self._root)
        self._etags: dict[tuple[int, ...], str] = {}
        self._is_swept = False

    def get(self, key: str) -> Blob:
        body = self._read(key, self._path_to_read(key))
        return Blob(body, _etag(body))

    def get_if_changed(self, key: str, etag: str) -> Blob | None:
        blob = self.get(key)
        return None if blob.etag == etag else blob

    def head(self, key: str, version_id: str | None = None) -> Entry:
        _only_the_latest(key, version_id)
        entry = self._entry(key)
        with suppress(NotFound):
            description = self._read(key, self._beside(self._path(key)))
            return entry._replace(metadata=json.loads(description))
        return entry

    @contextmanager
    def open(self, key: str, version_id: str | None = None) -> Iterator[BinaryIO]:
        _only_the_latest(key, version_id)
        path = self._path_to_read(key)
        with _os_errors_translated(key, "read"):
            stream = path.open("rb")
        with stream:
            yield stream

    def get_range(self, key: str, start: int, end: int, *, etag: str) -> bytes:
        path = self._path_to_read(key)
        with _os_errors_translated(key, "read"), path.open("rb") as stream:
            # Of the file that is open: whatever takes its place does not change it.
            if self._etag_of(stream) != etag:
                raise Conflict(f"{key} was written by somebody else first")
            stream.seek(start)
            return stream.read(end - start)

    def list(self, prefix: str) -> Iterator[Entry]:
        # What is not in this folder does not begin with the prefix.
        folder = self._root / prefix.rpartition("/")[0]
        with _os_errors_translated(prefix, "list"):
            files = [path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".")]
        for key in sorted(path.relative_to(self._root).as_posix() for path in files):
            if key.startswith(prefix):
                # What is gone by now is not in the store.
                with suppress(NotFound):
                    yield self._entry(key)

    def put(self, key: str, body: bytes) -> str:
        # The lock, here and in `delete`: whoever replaces or creates an object looks at it, and then writes.
        with self._written(key, body) as (part, path), self._locked():
            # Of the object before, nothing stays.
            self._beside(path).unlink(missing_ok=True)
            part.replace(path)
        return _etag(body)

    def create(self, key: str, body: bytes, *, metadata: Mapping[str, str] | None = None) -> str:
        # The lock keeps an object and its metadata together.
        with self._written(key, body) as (part, path), self._locked():
            if path.exists():
                raise Conflict(f"{key} was written by somebody else first")
            # First: whoever sees the object may ask for it. What a writer that died had got as far as goes.
            self._describe(path, metadata)
            try:
                # A hard link fails where the name exists: the whole file appears at once, or not at all.
                os.link(part, path)
            except FileExistsError as error:
                raise Conflict(f"{key} was written by somebody else first") from error
        return _etag(body)

    def replace(self, key: str, body: bytes, *, etag: str, metadata: Mapping[str, str] | None = None) -> str:
        check_key_to_write(key)
        self._make_root()
        with _os_errors_translated(key, "write"), self._locked():
            try:
                current = self.get(key).etag
            except NotFound as error:
                raise Conflict(f"{key} is gone") from error
            if current != etag:
                raise Conflict(f"{key} was written by somebody else first")
            with self._written(key, body) as (part, path):
                self._describe(path, metadata)
                part.replace(path)
            return _etag(body)

    def begin_upload(self, key: str) -> str:
        check_key_to_write(key)
        self._make_root()
        with _os_errors_translated(key, "write"):
            return self._uploads.begin()

    def upload_part(self, key: str, upload: str, number: int, body: bytes) -> str:
        with _os_errors_translated(key, "write"):
            self._uploads.write(upload, number, body)
        return _etag(body)

    def complete_upload(self, key: str, upload: str, parts: Sequence[str]) -> None:
        path = self._path(key)
        with (
            _os_errors_translated(key, "write"),
            self._uploads.whole(upload, len(parts)) as whole,
            self._locked(),
        ):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._beside(path).unlink(missing_ok=True)
            whole.replace(path)

    def abort_upload(self, key: str, upload: str) -> None:
        with _os_errors_translated(key, "delete"):
            self._uploads.abort(upload)

    # The contract is that of stores with addresses: here none of it is looked at.
    def presign(self, method: Literal["GET", "PUT"], key: str, seconds: int) -> str | None:  # noqa: ARG002
        """None: a folder has no addresses."""
        return None

    def delete(self, key: str) -> None:
        path = self._path(key)
        with suppress(NotFound), _os_errors_translated(key, "delete"), self._locked():
            path.unlink(missing_ok=True)
            self._beside(path).unlink(missing_ok=True)

    def create_bucket(self) -> None:
        self._make_root()

    def disconnect(self) -> None:
        """A folder has no connections to close."""

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (self._root / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _make_root(self) -> None:
        parts = self._root / _PARTS
        try:
            parts.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreUnavailable(f"the store's folder cannot be made: {error.strerror}") from error
        if not self._is_swept:
            self._is_swept = True
            sweep(parts)

    def _path_to_read(self, key: str) -> Path:
        check_key_to_read(key)
        return self._path(key)

    def _path(self, key: str) -> Path:
        # No file's name has a zero byte: the operating system would not even look.
        if "\0" in key:
            raise NotFound(f"the store has no {key!r}")
        path = (self._root / key).resolve()
        if not path.is_relative_to(self._root) or path == self._root:
            raise NotFound(f"{key} leaves the store")
        return path

    def _describe(self, path: Path, metadata: Mapping[str, str] | None) -> None:
        """Have `metadata` stand beside an object, and nothing of what stood there."""
        beside = self._beside(path)
        if not metadata:
            beside.unlink(missing_ok=True)
            return
        with written(self._root / _PARTS, json.dumps(dict(metadata)).encode()) as description:
            description.replace(beside)

    @staticmethod
    def _beside(path: Path) -> Path:
        """Where the metadata of an object stands: in a file that no listing shows."""
        return path.with_name(f".{path.name}.metadata")

    def _read(self, key: str, path: Path) -> bytes:
        with _os_errors_translated(key, "read"):
            return path.read_bytes()

    def _entry(self, key: str) -> Entry:
        path = self._path_to_read(key)
        with _os_errors_translated(key, "read"), path.open("rb") as stream:
            known = os.fstat(stream.fileno())
            modified = datetime.fromtimestamp(known.st_mtime, UTC)
            return Entry(key, known.st_size, self._etag_of(stream), modified)

    def _etag_of(self, stream: BinaryIO) -> str:
        """Of an open file, without having all of it in memory; of one that was looked at before, at once.

        No file is written in place here, so one with the same number, time and size is the same.
        """
        known = os.fstat(stream.fileno())
        identity = (known.st_ino, known.st_mtime_ns, known.st_ctime_ns, known.st_size)
        if identity not in self._etags:
            if len(self._etags) >= _MAX_ETAGS:
                self._etags.clear()
            digest = hashlib.md5(usedforsecurity=False)
            while block := stream.read(_BLOCK):
                digest.update(block)
            self._etags[identity] = f'"{digest.hexdigest()}"'
        return self._etags[identity]

    @contextmanager
    def _written(self, key: str, body: bytes) -> Iterator[tuple[Path, Path]]:
        """The bytes in a temporary file, and the place that it is for, in a folder that there is."""
        check_key_to_write(key)
        self._make_root()
        path = self._path(key)
        with _os_errors_translated(key, "write"):
            path.parent.mkdir(parents=True, exist_ok=True)
            with written(self._root / _PARTS, body) as part:
                yield part, path


@contextmanager
def _os_errors_translated(key: str, verb: str) -> Iterator[None]:
    """Raise in the project's words what the operating system has against it."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG and verb == "write":
            raise KeyTooLong(
                f"{key[:60]}… cannot be kept in a folder: between two slashes, a file system takes some 255 "
                "bytes; choose a shorter name"
            ) from error
        if verb in ("read", "delete") and error.errno in _MISSING:
            raise NotFound(f"the store has no {key}") from error
        raise StoreUnavailable(f"the store could not {verb} {key}: {error.strerror}") from error


def _only_the_latest(key: str, version_id: str | None) -> None:
    """Raises `NotFound` where a version is asked for: in a folder, what was overwritten is gone."""
    if version_id is not None:
        raise NotFound(f"the store has no version {version_id} of {key}: a folder keeps none")


def _etag(body: bytes) -> str:
    return f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
