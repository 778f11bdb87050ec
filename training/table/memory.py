"""Whether a table fits into the memory that its training takes, before that is spent."""

import os
import resource
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

# What training takes, measured on tables of 20,000 to 300,000 rows and 10 to 50 features and rounded up: the
# libraries and what inference remembers; of each row, and of each of its features, in bytes.
BASE = 350 * 2**20
PER_ROW = 100
PER_FEATURE = 70
# Beyond so many rows there are fewer copies of them, and candidates see a sample: measured on 1,000,000 and
# 10,000,000 rows made from the shipped table.
MANY_ROWS = 250_000
PER_FEATURE_OF_MANY = 35
# Of rows that others fit on: as a matrix, and twice while parts of it are put together.
GATHERED_PER_ROW = 40
GATHERED_PER_FEATURE = 10
_YET_TO_COME = 128 * 2**20
"""Of BASE, what is not there yet once the libraries are loaded."""

_CURE = "give the function more memory, train elsewhere (docs/scale.md)"
_CGROUPS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes that this process may use, and those that are gone before the first row; who says so, and how
    there can be more, for a sentence.
    """

    size: int
    said_by: str
    cure: str
    taken: int = BASE

    def most_rows(self, features: int) -> int:
        """Rows of so many features that can be trained on."""
        room = max(0, self.size - self.taken)
        per_row = PER_ROW + PER_FEATURE * features
        if room <= MANY_ROWS * per_row:
            return room // per_row
        return MANY_ROWS + (room - MANY_ROWS * per_row) // (PER_ROW + PER_FEATURE_OF_MANY * features)

    def most_gathered_rows(self, features: int) -> int:
        """Rows of so many features that can be split and judged, while a cluster trains on them."""
        return max(0, self.size - self.taken) // (GATHERED_PER_ROW + GATHERED_PER_FEATURE * features)

    def __str__(self) -> str:
        return f"{self.size // 2**20:,} MB ({self.said_by})"


def available_memory() -> Memory:
    """The least of what Lambda, the process's limits, its container and the machine allow."""
    return min(_limits(), key=lambda memory: memory.size)


def _limits() -> Iterator[Memory]:
    if function := os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", ""):
        yield Memory(int(function) * 2**20, "the function's memory", _CURE)
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit != resource.RLIM_INFINITY:
        # It counts addresses, of which libraries reserve many more than they use.
        cure = "raise the limit (ulimit -v)"
        yield Memory(limit, "the process's address space", cure, _addresses() + _YET_TO_COME)
    for path in map(Path, _CGROUPS):
        with suppress(OSError, ValueError):
            yield Memory(int(path.read_text()), "the container's memory", "give the container more memory")
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    yield Memory(machine, "the machine's memory", "train on a machine with more")


def _addresses() -> int:
    """Bytes of address space that this process has reserved; 0 where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
