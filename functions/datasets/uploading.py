"""Puts the file of a table among a model's datasets, which starts its training."""

from collections.abc import Callable, Mapping
from typing import Literal

from pydantic import BaseModel, Field

from functions.core.base.errors import Conflict, InvalidInput, NotFound
from functions.core.registry import uploader
from functions.core.registry.datasets import FOLDER, LABELLED, SUFFIXES, TARGET
from functions.core.registry.keys import sha256
from functions.core.storage.contract import Entry
from functions.core.storage.file_names import fault_of_name
from functions.core.storage.view import ModelStore

DIGEST = "sha256"
"""The name, in the metadata of a dataset, of the SHA-256 of its bytes."""

# What a schema can say of the name of a file; that it is printable and has so many bytes, `_fault` adds.
FILE_NAME = rf"^(?!{LABELLED})[^./\\ \u0000-\u001f][^/\\\u0000-\u001f]*\.csv(\.gz)?$"
# Of a target that travels in a header.
ASCII = r"^[ -~]+$"


class Uploaded(BaseModel):
    """A file that was taken in. What becomes of it say the uploads."""

    model: str
    file: str
    key: str = Field(description="Where it lies in the store", examples=["datasets/churn/customers.csv"])
    size: int = Field(description="Bytes, as they were sent")
    sha256: str
    uploaded_by: str
    outcome: Literal["new", "replaced"] = Field(
        description="Whether a file of that name was there. S3 keeps what stood there as an older version"
    )


def write_dataset(
    store: ModelStore, file: str, body: bytes, *, by: str, target: str | None = None, replace: bool = False
) -> Uploaded:
    """Write `body` as the dataset `file`, with who did so beside it.

    target: the column to predict, where the model has no schema. replace: whether another file of that name
    may make way. Raises `InvalidInput` for a name that a dataset cannot have, `NameTaken` for one that is
    taken, and `Conflict`.
    """
    key, digest = _key(file), sha256(body)
    etag = etag_to_replace(store, file, target=target, replace=replace, digest=lambda: digest)
    metadata = {**uploader.to_metadata(by), DIGEST: digest, **_target(target)}
    _write(store, key, body, etag, metadata)
    return Uploaded(
        model=store.model,
        file=file,
        key=store.full(key),
        size=len(body),
        sha256=digest,
        uploaded_by=by,
        outcome="replaced" if etag else "new",
    )


def etag_to_replace(
    store: ModelStore, file: str, *, target: str | None, replace: bool, digest: Callable[[], str | None]
) -> str | None:
    """The ETag of the dataset whose place the dataset `file` is to take; None where there is none.

    digest: tells the SHA-256 of what is sent, None where that cannot be told; it is asked only where there is
    a dataset of that name. Raises as `write_dataset`.
    """
    check_file_name(file)
    _target(target)
    try:
        there = store.head(_key(file))
    except NotFound:
        return None
    if not replace:
        raise NameTaken(store.model, file, there, digest())
    return there.etag


class NameTaken(Conflict):
    """There is a dataset of that name. Whether it is the same file, `detail` says, where that is known: who
    does not know whether their upload arrived learns that it did."""

    def __init__(self, model: str, file: str, there: Entry, digest: str | None) -> None:
        known = there.metadata.get(DIGEST)
        same = known == digest if known and digest else None
        since = f"{there.size:,} bytes, since {there.modified:%Y-%m-%dT%H:%M:%SZ}"
        if same:
            super().__init__(
                f"the model {model} has this very file already: {file}, {since}. It has arrived, and need "
                f"not be sent again: GET /models/{model}/uploads says what became of it. With ?replace=true "
                "its training begins anew"
            )
        else:
            super().__init__(
                f"the model {model} has {'a' if same is None else 'another'} dataset {file} already, of "
                f"{since}; send this one under another name, or with ?replace=true to put it in that one's "
                "place, as a new version"
            )
        kind = {True: "same_file", False: "other_file", None: "unknown_file"}[same]
        self.detail = [{"loc": ["path", "dataset"], "msg": f"has been there: {since}", "type": kind}]


def check_file_name(name: str) -> str:
    """Raises `InvalidInput` that says what a dataset may be called."""
    if fault := _fault(name):
        detail = [{"loc": ["path", "dataset"], "msg": fault, "type": "file_name"}]
        raise InvalidInput(f"the name of the file does not fit: it {fault}", detail)
    return name


def _fault(name: str) -> str:
    if fault := fault_of_name(name, SUFFIXES, "a table of another ending is called so too"):
        return fault
    if name.startswith(LABELLED):
        return f"begins with {LABELLED}, as the datasets that the monitor puts together"
    return ""


def _key(file: str) -> str:
    return f"{FOLDER}{file}"


def _target(target: str | None) -> Mapping[str, str]:
    if target is None:
        return {}
    if not target.isascii() or not target.isprintable():
        # It travels in a header, and the training reads it there as it stands.
        fault = "has other characters than ASCII; keep a schema that names it first (PUT .../schema)"
        detail = [{"loc": ["query", "target"], "msg": fault, "type": "not_ascii"}]
        raise InvalidInput(f"the target {fault}", detail)
    return {TARGET: target}


def _write(store: ModelStore, key: str, body: bytes, etag: str | None, metadata: Mapping[str, str]) -> None:
    try:
        if etag is None:
            store.create(key, body, metadata=metadata)
        else:
            store.replace(key, body, etag=etag, metadata=metadata)
    except Conflict as error:
        raise Conflict(
            f"somebody else wrote {store.full(key)} at the same moment; look at the uploads, and send yours "
            "again if it is still right"
        ) from error
