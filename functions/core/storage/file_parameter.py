"""A parameter in a file that only its owner can read, for machines without AWS Systems Manager."""

import fcntl
from pathlib import Path

from functions.core.base.errors import NotFound, StoreUnavailable
from functions.core.storage.parameter import Change
from functions.core.storage.parts import sweep, written


class FileParameter:
    """The file at `path`, replaced as a whole under a lock. A missing folder is made."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)

    def read(self) -> str:
        try:
            return self._path.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError as error:
            raise NotFound(f"there is no file {self._path}") from error
        except OSError as error:
            raise StoreUnavailable(f"{self._path} could not be read: {error.strerror}") from error

    def update(self, change: Change) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            # The lock is a file beside it: the file itself is replaced, and a lock on it with it.
            with self._path.with_name(f".{self._path.name}.lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                try:
                    texts = [self.read()]
                except NotFound:
                    texts = []
                sweep(self._path.parent)
                with written(self._path.parent, change(texts).encode()) as part:
                    part.replace(self._path)
        except OSError as error:
            raise StoreUnavailable(f"{self._path} could not be written: {error.strerror}") from error
