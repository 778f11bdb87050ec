"""Uploads in parts to a folder: where S3 would keep what is not yet an object."""

import os
import re
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from functions.core.base.errors import NotFound

_FOLDER = ".uploads"
_ID = re.compile(r"[0-9a-f]{32}")
# As the bucket's lifecycle has it, in template.yaml.
_ABANDONED_SECONDS = 7 * 86_400.0


class FolderUploads:
    """The uploads of a store in the folder `root`, each in a folder of its own, which no listing shows."""

    def __init__(self, root: Path) -> None:
        self._folder = root / _FOLDER

    def begin(self) -> str:
        """Raises `OSError`, as all that follows."""
        self._sweep()
        upload = uuid.uuid4().hex
        (self._folder / upload).mkdir(parents=True)
        return upload

    def write(self, upload: str, number: int, body: bytes) -> None:
        folder = self._find(upload)
        part = folder / f".{uuid.uuid4().hex}"
        with part.open("wb") as stream:
            stream.write(body)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(_part(folder, number))

    @contextmanager
    def whole(self, upload: str, parts: int) -> Iterator[Path]:
        """The parts as one file, to be renamed; then, the upload has ended."""
        folder = self._find(upload)
        whole = folder / f".{uuid.uuid4().hex}"
        with whole.open("wb") as stream:
            for number in range(1, parts + 1):
                with _part(folder, number).open("rb") as part:
                    shutil.copyfileobj(part, stream, 1 << 20)
            stream.flush()
            os.fsync(stream.fileno())
        yield whole
        self.abort(upload)

    def abort(self, upload: str) -> None:
        if _ID.fullmatch(upload):
            shutil.rmtree(self._folder / upload, ignore_errors=True)

    def _find(self, upload: str) -> Path:
        folder = self._folder / upload
        if not _ID.fullmatch(upload) or not folder.is_dir():
            raise NotFound(f"the store has no upload {upload[:40]}: it was completed or aborted")
        return folder

    def _sweep(self) -> None:
        """Give up what nobody has written to for days."""
        for folder in self._folder.glob("*"):
            with suppress(OSError):
                if time.time() - folder.stat().st_mtime > _ABANDONED_SECONDS:
                    shutil.rmtree(folder)


def _part(folder: Path, number: int) -> Path:
    return folder / f".part-{number:05}"
