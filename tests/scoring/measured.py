"""A job in a process of its own, and the most memory it took: `python -m tests.scoring.measured EVENT`."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from functions.scoring.handler import handler
from tests.support.peak_memory import peak


def measure_job(root: Path, event: dict[str, Any]) -> int:
    """The MiB that a process takes for the job of `event`, over the store at `root`."""
    ended = subprocess.run(
        [sys.executable, "-m", "tests.scoring.measured", json.dumps(event)],
        text=True,
        capture_output=True,
        check=False,
        env=os.environ | {"LIFEBOAT_STORE": str(root)},
    )
    assert ended.returncode == 0, ended.stderr
    return int(ended.stderr.splitlines()[-1])


class _Context:
    def get_remaining_time_in_millis(self) -> int:
        return 900_000


def _main() -> None:
    answer = handler(json.loads(sys.argv[1]), _Context())["results"][0]
    assert answer["state"] == "done", answer
    print(peak(), file=sys.stderr)


if __name__ == "__main__":
    _main()
