"""build/local.json: where a runner of this repository answers, for as long as it runs."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from functions.local.child import ROOT

BUILD = ROOT / "build"
STATE = BUILD / "local.json"


@dataclass(frozen=True, slots=True)
class State:
    """A runner's addresses and its process id.

    `endpoint` is None for a store that needs none, `keys` for an API without an authorizer.
    """

    api: str
    store: str
    endpoint: str | None
    embedded: bool
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
