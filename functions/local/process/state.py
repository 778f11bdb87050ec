"""build/runners/: where the runners of this repository answer, each for as long as it runs."""

import fcntl
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from functions.local.process import environment
from functions.local.process.child import ROOT
from functions.local.process.environment import Credentials, exported, leading_only_to

BUILD = ROOT / "build"
RUNNERS = BUILD / "runners"


@dataclass(frozen=True, slots=True)
class State:
    """A runner's addresses, the model of its routes without a name, and its process id.

    `endpoint` is None for a store that needs none, `keys` for an API without an authorizer, `credentials` for
    a store that is not the embedded one. `secret` asks for links that sign in; None where nobody can.
    """

    api: str
    store: str
    endpoint: str | None
    embedded: bool
    model: str
    pid: int
    keys: str | None = None
    credentials: Credentials | None = None
    secret: str | None = None

    @property
    def variables(self) -> dict[str, str | None]:
        """What leads the SDK to where the runner keeps its things, for `exported`."""
        if self.embedded and self.endpoint and self.credentials:
            return leading_only_to(self.endpoint, self.credentials)
        # A store of one's own: where the runner found it, with the credentials of this environment.
        return {environment.ENDPOINT: self.endpoint}


@contextmanager
def announced(state: State, folder: Path = RUNNERS) -> Iterator[None]:
    """Let other processes of this user find the runner while it runs."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{state.pid}.json"
    # Complete, and locked, before it has its name. The credentials in it are nobody else's business.
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, stat.S_IRUSR | stat.S_IWUSR)
    with os.fdopen(descriptor, "w") as file:
        # The lock ends with the process, however that ends: it tells a runner from one that was killed.
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(json.dumps(asdict(state), indent=2))
        file.flush()
        new.rename(path)
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def find_runners(folder: Path = RUNNERS) -> list[State]:
    """The runners that are up, the one started last first. What killed ones left behind is removed."""
    runners = []
    for path in folder.glob("*.json"):
        # Another user's cannot be read, and one may stop while this looks.
        with suppress(OSError), path.open() as file:
            if _is_locked(file.fileno()):
                if state := _read(file.read()):
                    runners.append((os.fstat(file.fileno()).st_mtime_ns, state))
            else:
                path.unlink(missing_ok=True)
    return [state for _, state in sorted(runners, key=lambda runner: runner[0], reverse=True)]


def find_runner(folder: Path = RUNNERS) -> State | None:
    """The runner that is up, if one is; of several, the one started last."""
    return next(iter(find_runners(folder)), None)


@contextmanager
def store_reached(runner: State | None) -> Iterator[str]:
    """The address of the store: the one that the environment names, else the runner's, to which the
    environment leads for a while. Raises `RuntimeError` when there is neither."""
    if named := os.environ.get(environment.STORE):
        yield named
        return
    if runner is None:
        raise RuntimeError(
            "no runner was found; start one with `make run`, or name a store in LIFEBOAT_STORE"
        )
    with exported({**runner.variables, environment.STORE: runner.store}):
        yield runner.store


@contextmanager
def keys_reached(runner: State | None) -> Iterator[None]:
    """Let the environment name the runner's keys for a while, if there is one and it names no others."""
    if runner is None or not runner.keys or os.environ.get(environment.KEYS):
        yield
        return
    with exported({**runner.variables, environment.KEYS: runner.keys}):
        yield


def _read(text: str) -> State | None:
    try:
        fields = json.loads(text)
        if credentials := fields.pop("credentials", None):
            credentials = Credentials(**credentials)
        return State(**fields, credentials=credentials)
    except (ValueError, TypeError, AttributeError):
        return None


def _is_locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False
