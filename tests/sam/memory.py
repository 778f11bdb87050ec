"""The memory a container's processes really took. What SAM reports as used is what the template allows."""

import re
import subprocess
import threading
import time
from dataclasses import dataclass

from tests.support.engine import Engine

# The kernel keeps each process's peak, so looking ten times a second misses only what the last moment added.
# The limit is in a file of control groups, of version 2 or 1.
WATCH = """
cat /sys/fs/cgroup/memory.max 2>/dev/null || cat /sys/fs/cgroup/memory/memory.limit_in_bytes
while :; do grep -h VmHWM /proc/[0-9]*/status 2>/dev/null; sleep 0.1; done
"""
START_SECONDS = 30.0
WATCH_SECONDS = 900.0


@dataclass(frozen=True, slots=True)
class Memory:
    """In bytes: the largest process's peak resident set, and the limit the kernel holds the container to."""

    peak: int
    limit: int


class MemoryWatch:
    """Looks into one container, in a thread of its own, until the container is gone."""

    def __init__(self, engine: Engine, container: str) -> None:
        self._command = ["docker", "exec", container, "sh", "-c", WATCH]
        self._environment = engine.environment()
        self._said = ""
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def result(self) -> Memory:
        """Call it when the container is gone. Raises `RuntimeError` when nothing was seen of it."""
        self._thread.join(START_SECONDS)
        limit = re.match(r"\d+", self._said)
        peaks = [int(kib) * 1024 for kib in re.findall(r"VmHWM:\s*(\d+) kB", self._said)]
        if not limit or not peaks:
            raise RuntimeError(f"the container's memory could not be read: {self._said[:200]!r}")
        return Memory(max(peaks), int(limit[0]))

    def _watch(self) -> None:
        # The container's id is known a moment before it runs.
        deadline = time.monotonic() + START_SECONDS
        while not self._said and time.monotonic() < deadline:
            watching = subprocess.run(
                self._command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                # It ends with its container. Who asks for the result has a limit of its own.
                timeout=WATCH_SECONDS,
                check=False,
            )
            self._said = watching.stdout
            time.sleep(0.1)
