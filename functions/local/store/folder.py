""".lifeboat/: what `make run` keeps from one run to the next, for one runner at a time."""

import contextlib
import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from functions.core.storage.contract import Entry
from functions.core.storage.parts import written
from functions.local.process.child import ROOT
from functions.local.process.environment import Credentials, new_credentials
from functions.local.process.state import find_runners

KEPT = ROOT / ".lifeboat"
# The store of a runner that was killed ends a moment after it.
WAIT_SECONDS = 5.0
_POLL_SECONDS = 0.05
_README = "README.txt"
_WORDS = """\
What `make run` keeps: datasets, models, predictions, labels and keys, and the credentials of its store.
Nobody else may read it. `make reset` deletes it; to copy it, stop the runner first.
"""


class FolderHeld(RuntimeError):
    """Another runner is using the folder."""


class FolderUnusable(RuntimeError):
    """The folder cannot be made, read or written, or holds something else."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who uses the folder, or used it last: a process, and the id of the key that ends with its run."""

    pid: int
    key_id: str | None = None


class KeptFolder:
    """The folder, held by this process. Its lock is open as `descriptor`, for the store to inherit.

    before: who held it last and did not let go of it in order, as one that was killed.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self.descriptor = descriptor
        self.before = _read_holder(path)
        self._note(Holder(os.getpid()))

    @property
    def data(self) -> Path:
        """Where the store keeps its objects."""
        return self.path / "store"

    @property
    def runtime(self) -> Path:
        """What the store needs while it runs; made anew for each run."""
        return self.path / "running"

    @property
    def keys(self) -> Path:
        """The API's keys."""
        return self.path / "keys.json"

    @property
    def deliveries(self) -> "Deliveries":
        return Deliveries(self.path / "deliveries.json")

    def credentials(self) -> Credentials:
        """Those of the store, made once, so that what a client was told stays true.

        Raises `FolderUnusable`.
        """
        file = self.path / "credentials.json"
        try:
            return Credentials(**json.loads(file.read_text()))
        except FileNotFoundError:
            made = new_credentials()
            _write(file, asdict(made))
            return made
        except (ValueError, TypeError) as error:
            raise FolderUnusable(f"{file} is damaged; delete it, and others are made") from error

    def note_key(self, key_id: str) -> None:
        """Remember which key ends with this run, for a runner after one that is killed."""
        self._note(Holder(os.getpid(), key_id))

    def clear(self) -> None:
        """Delete everything in it, and the folder."""
        for entry in self.path.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            elif entry.name not in {_README, "lock"}:
                entry.unlink()
        # What shows that the folder is ours goes last: one that is half deleted can be deleted again.
        for name in ("lock", _README):
            (self.path / name).unlink(missing_ok=True)
        self.path.rmdir()

    def _note(self, holder: Holder | None) -> None:
        with contextlib.suppress(FileNotFoundError):  # the folder was cleared
            _write(self.path / "holder.json", asdict(holder) if holder else None)


class Deliveries:
    """Which uploads the functions were told of, so that a runner can go on where the last one was killed."""

    def __init__(self, file: Path) -> None:
        self._file = file
        try:
            self._versions: dict[str, str | None] = json.loads(file.read_text())
        except (FileNotFoundError, ValueError):
            # Told of once more, an upload that made a version makes no other.
            self._versions = {}

    def has(self, entry: Entry) -> bool:
        return entry.key in self._versions and self._versions[entry.key] == entry.version_id

    def add(self, entry: Entry) -> None:
        self._versions[entry.key] = entry.version_id
        _write(self._file, self._versions)


def is_kept(path: Path) -> bool:
    """Whether something was kept there."""
    return (path / _README).exists()


@contextmanager
def held(path: Path, wait: float = WAIT_SECONDS) -> Iterator[KeptFolder]:
    """Use the folder, which is made if it is missing, alone. Raises `FolderHeld`, `FolderUnusable`.

    wait: seconds to wait for the store of a runner that is gone, which ends a moment after it.
    """
    try:
        descriptor = _prepared(path)
    except OSError as error:
        raise FolderUnusable(
            f"{path} cannot be used ({error.strerror}): name another (--folder), or keep nothing (--forget)"
        ) from error
    try:
        _lock(descriptor, path, wait)
        folder = KeptFolder(path, descriptor)
        try:
            yield folder
        finally:
            folder._note(None)
    finally:
        os.close(descriptor)


def _prepared(path: Path) -> int:
    """Make the folder, and open its lock."""
    if path.is_dir() and not is_kept(path) and any(path.iterdir()):
        raise FolderUnusable(f"{path} holds something else: name another folder (--folder)")
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.chmod(0o700)
    if not is_kept(path):
        _write(path / _README, _WORDS)
    return os.open(path / "lock", os.O_RDWR | os.O_CREAT, 0o600)


def _lock(descriptor: int, path: Path, wait: float) -> None:
    until = time.monotonic() + wait
    while True:
        try:
            # It ends with this process and the store, which inherits it: two stores never share a folder.
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _read_holder(path)
            if (holder and _is_alive(holder.pid)) or time.monotonic() > until:
                raise FolderHeld(_who(path, holder)) from None
            time.sleep(_POLL_SECONDS)
        else:
            return


def _who(path: Path, holder: Holder | None) -> str:
    api = next((state.api for state in find_runners() if holder and state.pid == holder.pid), None)
    process = f"process {holder.pid}" if holder else "another process"
    return (
        f"{path} is in use by the runner {f'at {api} ({process})' if api else process}: stop it first, "
        "or start another that keeps nothing (make run ARGS=--forget), or elsewhere (ARGS='--folder ...')"
    )


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _read_holder(path: Path) -> Holder | None:
    try:
        document = json.loads((path / "holder.json").read_text())
        return Holder(**document) if document else None
    except (OSError, ValueError, TypeError):
        return None


def _write(file: Path, content: object) -> None:
    """Replace a file of the folder as a whole; nobody else may read it."""
    text = content if isinstance(content, str) else json.dumps(content, indent=2)
    with written(file.parent, text.encode()) as part:
        part.replace(file)


def size_of(path: Path) -> int:
    """Bytes in all files below a folder."""
    return sum(file.lstat().st_size for file in path.rglob("*") if not file.is_dir())


def last_used(path: Path) -> datetime:
    """When a runner last took the folder or let go of it."""
    try:
        seconds = (path / "holder.json").stat().st_mtime
    except FileNotFoundError:
        seconds = path.stat().st_mtime
    return datetime.fromtimestamp(seconds, UTC)
