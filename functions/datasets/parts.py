"""A file that is too large for one request: sent in parts, and then put together into one dataset.

What is in `parts/` is no dataset and starts no training; S3 forgets it after a day. Each part is called by
the SHA-256 of its bytes: one that is sent twice is the same part, and no part of another file passes for it.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from functions.core.base.errors import Conflict, InvalidInput, NotFound
from functions.core.registry.keys import sha256
from functions.core.storage.view import ModelStore
from functions.datasets.uploading import Uploaded, check_file_name, etag_to_replace, write_dataset

SHA256_HEX = r"^[0-9a-f]{64}$"
# The whole is in memory while it is put together, twice for a moment: Lambda has 1,769 MB.
MAX_PARTS = 25
_READ_AT_ONCE = 8


class KeptPart(BaseModel):
    """A part that waits for the others."""

    part: str = Field(description="The SHA-256 of its bytes")
    size: int = Field(description="Bytes")


class PartsRequest(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    parts: list[Annotated[str, Field(pattern=SHA256_HEX)]] = Field(
        min_length=1,
        max_length=MAX_PARTS,
        description="What the file is made of, in order",
        examples=[["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"]],
    )


def write_part(store: ModelStore, file: str, part: str, body: bytes) -> KeptPart:
    """Keep `body` as a part of the dataset `file` that is to be.

    part: the SHA-256 of the body. Raises `InvalidInput` for another, and for a name that no dataset can have.
    """
    check_file_name(file)
    if sha256(body) != part:
        fault = "is not the SHA-256 of the bytes that came; send the part again"
        detail = [{"loc": ["path", "part"], "msg": fault, "type": "digest"}]
        raise InvalidInput(f"the part is not what it is called: its name {fault}", detail)
    # It was sent before.
    with suppress(Conflict):
        store.create(_key(part), body)
    return KeptPart(part=part, size=len(body))


def join_parts(
    store: ModelStore,
    file: str,
    parts: list[str],
    *,
    by: str,
    target: str | None = None,
    replace: bool = False,
) -> Uploaded:
    """Write the dataset `file` from its parts, which are then forgotten.

    Raises what `write_dataset` raises, and `InvalidInput` that names the parts that are not there.
    """
    etag_to_replace(store, file, target=target, replace=replace, digest=lambda: _digest(store, parts))
    bodies = _read(store, parts)
    uploaded = write_dataset(
        store, file, b"".join(bodies[part] for part in parts), by=by, target=target, replace=replace
    )
    for part in bodies:
        store.delete(_key(part))
    return uploaded


def _digest(store: ModelStore, parts: list[str]) -> str | None:
    """The SHA-256 of the whole; None where not all parts are there."""
    try:
        bodies = _read(store, parts)
    except InvalidInput:
        return None
    return sha256(b"".join(bodies[part] for part in parts))


def _read(store: ModelStore, parts: list[str]) -> Mapping[str, bytes]:
    """The parts by their names, each once."""
    names = [*dict.fromkeys(parts)]
    with ThreadPoolExecutor(_READ_AT_ONCE) as readers:
        by_name = dict(zip(names, readers.map(lambda part: _body(store, part), names), strict=True))
    bodies = {part: body for part, body in by_name.items() if body is not None}
    missing = [place for place, part in enumerate(parts) if part not in bodies]
    if missing:
        fault = "was not sent, or more than a day ago; send it, and ask again"
        detail = [
            {"loc": ["body", "parts", place], "msg": fault, "type": "missing_part"} for place in missing
        ]
        raise InvalidInput("parts of the file are not there; `detail` says which", detail)
    return bodies


def _body(store: ModelStore, part: str) -> bytes | None:
    try:
        return store.get(_key(part)).body
    except NotFound:
        return None


def _key(part: str) -> str:
    return f"parts/{part}"
