"""Stages the checkout in the current folder, for a benchmark of another one that is run beside it.

Prints where everything is, in JSON, and keeps it until its standard input ends. It runs the code of that
checkout, which may be older than this file: it asks of it what has long been there.
"""

import json
import sys
from pathlib import Path

READY = "staged: "
FUNCTION = "PredictFunction"


def main() -> None:
    sys.path.insert(0, str(Path.cwd()))
    from tests.bench import stage

    with stage.staged() as staged:
        paths = {
            "python": staged.python,
            "inside": stage.INSIDE,
            "bundle": staged.bundle(FUNCTION),
            "event": stage.EVENT,
            "model": staged.model,
        }
        found = {name: str(path) for name, path in paths.items()}
        print(READY + json.dumps(found | {"environment": staged.environment(FUNCTION)}), flush=True)
        sys.stdin.read()


main()
