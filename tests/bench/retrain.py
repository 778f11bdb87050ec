"""From an upload's event to the champion that answers in a warm predict function.

Both functions run from their bundles, the retrain in a new process each time, as Lambda would run it. The
warm function asks for the champion at every request; by template.yaml it does so after
`LIFEBOAT_REFRESH_SECONDS`, which come on top of what is measured here.
"""

import json
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from functions.local.platform.events import s3_put_event
from tests.bench.figures import Figures
from tests.bench.stage import DATASET, EVENT, Stage
from tests.support.titanic import TABLE

ROUNDS = 5
_PATIENCE_SECONDS = 60.0
# The question is how long a promotion takes, not whether there is one.
OPEN_GATE = {"LIFEBOAT_MARGIN": "1", "LIFEBOAT_SLICE_MARGIN": "1"}


def measure(stage: Stage) -> Figures:
    refresh = float(stage.template.functions["PredictFunction"].environment["LIFEBOAT_REFRESH_SECONDS"])
    stage.bundle("PredictFunction")
    stage.bundle("RetrainFunction")
    promoted, visible = [], []
    for round_ in range(ROUNDS + 1):
        event = _upload(stage, round_)
        with _watching(stage) as watcher:
            began = time.monotonic()
            result = stage.run(
                "retrain", stage.bundle("RetrainFunction"), event, function="RetrainFunction", **OPEN_GATE
            )["results"][0]
            ended = time.monotonic()
            if result["status"] != "promoted":
                raise RuntimeError(f"the model was not promoted: {result}")
            seen = _seen(watcher)
        if seen["version"] != result["version"]:
            raise RuntimeError(f"{result['version']} was promoted, but {seen['version']} answers")
        if round_:
            # The first one reads from the disk, the others from memory.
            promoted.append(ended - began)
            visible.append(seen["at"] - began)
    figures = Figures("retrain", stage.version)
    figures.add("event to answers by the new champion", visible)
    figures.add("event to the end of the retrain", promoted)
    figures.note("on top: a warm function asks again after, s", refresh)
    figures.print_table("A retrain in a new process, 1,309 rows, s", scale=1)
    return figures


def _upload(stage: Stage, round_: int) -> Path:
    """Put a dataset that no other round has, and return a file with its event."""
    lines = TABLE.read_text().splitlines()
    stage.store.put(DATASET, "\n".join(lines[: len(lines) - round_ - 1]).encode())
    [entry] = stage.store.list(DATASET)
    address = stage.environment("PredictFunction")["LIFEBOAT_STORE"]
    event = stage.scratch / "upload.json"
    event.write_text(json.dumps(s3_put_event(address.removeprefix("s3://"), entry, configuration="Uploaded")))
    return event


@contextmanager
def _watching(stage: Stage) -> Iterator[subprocess.Popen[bytes]]:
    """A warm predict function on the watch for another model; killed if it is still at it in the end."""
    always = {"LIFEBOAT_REFRESH_SECONDS": "0", "LIFEBOAT_LOGGED_SHARE": "0"}
    with subprocess.Popen(
        stage.command("watch", stage.bundle("PredictFunction"), EVENT),
        env=stage.environment("PredictFunction", **always),
        stdout=subprocess.PIPE,
    ) as process:
        overdue = threading.Timer(_PATIENCE_SECONDS, process.kill)
        overdue.start()
        try:
            while (line := cast(IO[bytes], process.stdout).readline()) != b"warm\n":
                if not line:
                    raise RuntimeError(
                        f"the predict function did not answer within {_PATIENCE_SECONDS:.0f} s; what it said "
                        "stands above"
                    )
            overdue.cancel()
            yield process
        finally:
            overdue.cancel()
            process.kill()
            process.wait(_PATIENCE_SECONDS)


def _seen(watcher: subprocess.Popen[bytes]) -> dict[str, Any]:
    """What the watch saw. Raises `RuntimeError` when it failed or saw nothing new."""
    try:
        printed, _ = watcher.communicate(timeout=_PATIENCE_SECONDS)
    except subprocess.TimeoutExpired as late:
        raise RuntimeError(f"no new model answered within {_PATIENCE_SECONDS:.0f} s") from late
    if watcher.returncode:
        raise RuntimeError("the predict function failed; what it said stands above")
    seen: dict[str, Any] = json.loads(printed.splitlines()[-1])
    return seen
