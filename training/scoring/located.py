"""Parts of a file that are not sent about: whoever scores one reads it where the file is."""

import zlib
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from functions.core.base.errors import InvalidInput
from functions.core.schema.text.row_cutting import Part, read_bytes


@dataclass(frozen=True, slots=True)
class LocatedPart:
    """Where a part is in its file. begins, size: in bytes; line: the number of its first line, from 1;
    checksum: CRC-32 of its bytes."""

    begins: int
    size: int
    line: int
    checksum: int


def locate(part: Part) -> LocatedPart:
    """Where a part is that was cut from a file as it stands."""
    return LocatedPart(part.begins, len(part.body), part.line, zlib.crc32(part.body))


class PartReader:
    """Reads parts of one file after the other; the last one stays open."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._path: Path | None = None
        self._file: BinaryIO | None = None

    def read(self, path: Path, located: LocatedPart) -> Part:
        """The part. Raises `InvalidInput` where the file is not there, or is not what it was cut from."""
        try:
            file = self._open(path)
            file.seek(located.begins)
            body = read_bytes(file, located.size)
        except OSError as error:
            raise InvalidInput(
                f"a worker cannot read {path} ({error.strerror or error}): the file has to be where all "
                "workers find it by the same path"
            ) from error
        if len(body) != located.size or zlib.crc32(body) != located.checksum:
            raise InvalidInput(
                f"a worker finds another file at {path}, or it has changed while it was scored: nothing was "
                "kept, so score it again where all workers find the same file"
            )
        return Part(body, located.begins, located.line)

    def _open(self, path: Path) -> BinaryIO:
        if self._file is None or self._path != path:
            self._stack.close()
            self._path, self._file = None, None
            self._file = self._stack.enter_context(path.open("rb"))
            self._path = path
        return self._file


def has_file(path: Path, size: int) -> bool:
    """Whether there is a file of so many bytes here, by that path."""
    try:
        return path.stat().st_size == size
    except OSError:
        return False
