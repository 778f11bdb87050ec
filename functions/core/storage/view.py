"""One model's part of the store, with the keys that the rest of the code uses: the view adds the model's
name.

    key in the view            key in the store
    models/{version}/...       models/{model}/{version}/...
    registry/champion.json     registry/{model}/champion.json
    schema.json                schemas/{model}.json
    feedback/leases/...        leases/{model}/...         (S3 forgets by how a key begins: what is soon
    monitoring/datasets/...    uploading/{model}/...       forgotten has folders of its own)
    predictions/...            predictions/...      (one log for all models: each line names its own)

No other module puts a model's name into a key.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import BinaryIO, Literal

from functions.core.storage.contract import Blob, Entry, Reader, Store

SCHEMA = "schema.json"
_SHARED = "predictions/"
_SCHEMAS = "schemas/"
_SOON_FORGOTTEN = {"feedback/leases/": "leases/", "monitoring/datasets/": "uploading/"}


class ModelReader:
    """The objects of one model, to be read whole."""

    def __init__(self, reader: Reader, model: str) -> None:
        self._reader = reader
        self.model = model

    def full(self, key: str) -> str:
        """The key in the store of a key in this view."""
        if key.startswith(_SHARED):
            return key
        if key == SCHEMA:
            return f"{_SCHEMAS}{self.model}.json"
        for folder, own in _SOON_FORGOTTEN.items():
            if key.startswith(folder):
                return f"{own}{self.model}/{key[len(folder) :]}"
        kind, _, name = key.partition("/")
        return f"{kind}/{self.model}/{name}"

    def relative(self, key: str) -> str:
        """The key in this view of a key in the store. Raises `ValueError` when it is none of this model's."""
        kind, _, name = key.partition("/")
        if key.startswith(_SHARED):
            return key
        if not name.startswith(f"{self.model}/"):
            raise ValueError(f"{key} does not belong to the model {self.model}")
        name = name[len(self.model) + 1 :]
        for folder, own in _SOON_FORGOTTEN.items():
            if key.startswith(own):
                return f"{folder}{name}"
        return f"{kind}/{name}"

    def get(self, key: str) -> Blob:
        return self._reader.get(self.full(key))

    def get_if_changed(self, key: str, etag: str) -> Blob | None:
        return self._reader.get_if_changed(self.full(key), etag)

    def disconnect(self) -> None:
        self._reader.disconnect()


class ModelStore(ModelReader):
    """The objects of one model, to be read and written: a `Store`."""

    def __init__(self, store: Store, model: str) -> None:
        super().__init__(store, model)
        self._store = store

    def head(self, key: str, version_id: str | None = None) -> Entry:
        return self._store.head(self.full(key), version_id)._replace(key=key)

    def open(self, key: str, version_id: str | None = None) -> AbstractContextManager[BinaryIO]:
        return self._store.open(self.full(key), version_id)

    def get_range(self, key: str, start: int, end: int, *, etag: str) -> bytes:
        return self._store.get_range(self.full(key), start, end, etag=etag)

    def list(self, prefix: str) -> Iterator[Entry]:
        entries = self._store.list(self.full(prefix))
        if prefix.startswith(_SHARED):
            return entries
        return (entry._replace(key=self.relative(entry.key)) for entry in entries)

    def put(self, key: str, body: bytes) -> str:
        return self._store.put(self.full(key), body)

    def create(self, key: str, body: bytes, *, metadata: Mapping[str, str] | None = None) -> str:
        return self._store.create(self.full(key), body, metadata=metadata)

    def replace(self, key: str, body: bytes, *, etag: str, metadata: Mapping[str, str] | None = None) -> str:
        return self._store.replace(self.full(key), body, etag=etag, metadata=metadata)

    def begin_upload(self, key: str) -> str:
        return self._store.begin_upload(self.full(key))

    def upload_part(self, key: str, upload: str, number: int, body: bytes) -> str:
        return self._store.upload_part(self.full(key), upload, number, body)

    def complete_upload(self, key: str, upload: str, parts: Sequence[str]) -> None:
        self._store.complete_upload(self.full(key), upload, parts)

    def abort_upload(self, key: str, upload: str) -> None:
        self._store.abort_upload(self.full(key), upload)

    def presign(self, method: Literal["GET", "PUT"], key: str, seconds: int) -> str | None:
        return self._store.presign(method, self.full(key), seconds)

    def delete(self, key: str) -> None:
        self._store.delete(self.full(key))

    def create_bucket(self) -> None:
        self._store.create_bucket()
