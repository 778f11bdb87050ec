"""A command that is run to its end: how long it took, and what it held."""

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE, Popen

from tests.bench.figures import Figures


@dataclass(frozen=True, slots=True)
class Run:
    """What a command took. processor: seconds of all its threads and processes. mib: the most that it held,
    and of several processes, that the largest held."""

    seconds: float
    processor: float
    mib: float
    printed: str

    def note(self, figures: Figures, name: str) -> None:
        """Add it to the figures, and say it."""
        figures.note(f"{name}: s", self.seconds)
        figures.note(f"{name}: s of processor", self.processor)
        figures.note(f"{name}: MiB", self.mib)
        print(
            f"{name}: {self.seconds:.0f} s, {self.processor:.0f} s of processor, {self.mib:,.0f} MiB",
            flush=True,
        )


def run(
    command: Sequence[str | Path], *, environment: Mapping[str, str] | None = None, folder: Path | None = None
) -> Run:
    """Run a command, in `folder`, showing what it says of its steps. Raises `RuntimeError` when it fails."""
    began = time.monotonic()
    with Popen(command, stdout=PIPE, text=True, env=environment, cwd=folder) as process:
        printed = process.stdout.read() if process.stdout else ""
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command[1:3]} failed; what it said stands above\n{printed}")
    return Run(time.monotonic() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, printed)
