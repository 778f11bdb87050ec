"""Files that are written under another name first: whole when they appear, and not left behind."""

import fcntl
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from functions.core.base.logs import log

PREFIX = ".part-"
# Between the making of a part and its lock a writer can be held up.
_YOUNG_SECONDS = 10.0


@contextmanager
def written(folder: Path, body: bytes) -> Iterator[Path]:
    """The bytes in a file in `folder`, of mode 0600, to be renamed or linked; gone afterwards.

    Raises `OSError`. The file is locked while its writer lives: one that was killed leaves one that is not,
    see `sweep`.
    """
    descriptor, name = tempfile.mkstemp(dir=folder, prefix=PREFIX)
    part = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            stream.write(body)
            stream.flush()
            os.fsync(stream.fileno())
            yield part
    finally:
        part.unlink(missing_ok=True)


def sweep(folder: Path) -> None:
    """Delete the parts that writers left in `folder` when they died, and say so."""
    for part in folder.glob(f"{PREFIX}*"):
        # Whatever cannot be looked at or deleted stays: it is in nobody's way.
        with suppress(OSError):
            if time.time() - part.stat().st_mtime > _YOUNG_SECONDS and _is_abandoned(part):
                size = part.stat().st_size
                part.unlink()
                log("WARNING", "a part of a file was left by a writer that died; deleted", bytes=size)


def _is_abandoned(part: Path) -> bool:
    with part.open("rb") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
