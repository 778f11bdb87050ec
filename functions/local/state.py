"""build/local.json: where a runner of this repository answers, for as long as it runs."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from functions.local import environment
from functions.local.child import ROOT
from functions.local.environment import exported, leading_to

BUILD = ROOT / "build"
STATE = BUILD / "local.json"


@dataclass(frozen=True, slots=True)
class State:
    """A runner's addresses, the model of its routes without a name, and its process id.

    `endpoint` is None for a store that needs none, `keys` for an API without an authorizer.
    """

    api: str
    store: str
    endpoint: str | None
    embedded: bool
    model: str
    pid: int
    keys: str | None = None


@contextmanager
def announced(state: State, path: Path = STATE) -> Iterator[None]:
    """Let other processes find the runner while it runs. Of two runners, the one started last is found."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asdict(state), indent=2))
    try:
        yield
    finally:
        if _read(path) == state:
            path.unlink(missing_ok=True)


def find_runner(path: Path = STATE) -> State | None:
    """The runner that is up, if one is. One that was killed may have left its file: then None."""
    state = _read(path)
    return state if state and _runs(state.pid) else None


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
    leading = leading_to(str(runner.endpoint), "us-east-1") if runner.embedded else {}
    with exported({environment.STORE: runner.store, **leading}):
        yield runner.store


@contextmanager
def keys_reached(runner: State | None) -> Iterator[None]:
    """Let the environment name the runner's keys for a while, if there is one and it names no others."""
    if runner is None or not runner.keys or os.environ.get(environment.KEYS):
        yield
        return
    leading = leading_to(str(runner.endpoint), "us-east-1") if runner.embedded else {}
    with exported({environment.KEYS: runner.keys, **leading}):
        yield


def _read(path: Path) -> State | None:
    try:
        return State(**json.loads(path.read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
