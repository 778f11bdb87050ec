"""A process and all that it started, as Linux tells in /proc."""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")


def tree(pid: int) -> list[int]:
    """`pid` and its descendants, parents first."""
    children: dict[int, list[int]] = {}
    for process in _PROC.glob("[0-9]*"):
        with suppress(OSError):
            child = int(process.name)
            children.setdefault(int(_status(child)[1]), []).append(child)
    found = [pid]
    for one in found:
        found += children.get(one, [])
    return found


def memory_mib(pids: list[int]) -> float:
    """What the processes hold in memory: a page that several of them share counts once (PSS)."""
    kib = 0
    for pid in pids:
        with suppress(OSError):
            lines = (_PROC / str(pid) / "smaps_rollup").read_text().splitlines()
            kib += next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
    return kib / 1024


def kill(pids: list[int]) -> None:
    """Kill what is still there of `pids`, and wait until it is gone."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    while any(map(is_alive, pids)):
        time.sleep(0.01)


def is_alive(pid: int) -> bool:
    """Whether there is such a process, and not only its exit code that nobody has asked for yet."""
    try:
        return _status(pid)[0] not in "ZX"
    except OSError:
        return False


def _status(pid: int) -> list[str]:
    """The state of a process, its parent, and so on: proc(5). Raises `OSError` when there is none."""
    # They follow the name, in parentheses, which may hold anything.
    return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
