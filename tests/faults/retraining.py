"""A retrain in a process that dies, or lacks memory or room: the real handler, over a folder.

`python -m tests.faults.retraining` reads one order a line and lets a child of its own carry it out: the
libraries are imported once for all of them. The orders, and the answers, are those of `Order` and `Answer`.
"""

import json
import os
import resource
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any, TypedDict
from unittest.mock import patch

from functions.retrain import attempts, handler
from tests.support.titanic import SCHEMA
from training.estimators.candidates import candidates


class Order(TypedDict):
    """folder: for temporary files. killed_after: seconds until SIGKILL. memory: bytes of address space more
    than there are now. room: bytes that a file may have. None: no such limit. is_estimated: the memory that
    training takes is, beforehand."""

    root: str
    folder: str
    event: dict[str, Any]
    killed_after: float | None
    is_estimated: bool
    memory: int | None
    room: int | None


class Answer(TypedDict):
    """code: the child's exit code, less than 0 for a signal. seconds: that it took. said: the results, or the
    error."""

    code: int
    seconds: float
    said: Any


def retrain(order: Order) -> Any:
    tempfile.tempdir = order["folder"]
    os.environ["LIFEBOAT_STORE"] = order["root"]
    attempts.PAUSES = (0.0, 0.0)
    # What is selected from does not matter here, and takes most of the time.
    one = {"logistic regression": candidates(SCHEMA.features, 1_309)["logistic regression"]}
    patch("training.model.train.candidates", lambda _features, _rows: one).start()
    if not order["is_estimated"]:
        patch("training.table.memory.Memory.most_rows", lambda _memory, _features: sys.maxsize).start()
    if order["room"] is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (order["room"], resource.RLIM_INFINITY))
    if order["memory"] is not None:
        now = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        resource.setrlimit(resource.RLIMIT_AS, (now + order["memory"], resource.RLIM_INFINITY))
    try:
        return handler.handler(order["event"], None)["results"]
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def carry_out(order: Order) -> Answer:
    """Let a child do it."""
    said, write = os.pipe()
    begins = time.monotonic()
    child = os.fork()
    if child == 0:
        os.close(said)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        try:
            os.write(write, json.dumps(retrain(order), default=str).encode()[:60_000])
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        # Not through `sys.exit`: the orders yet to be read are the parent's.
        os._exit(0)
    os.close(write)
    if order["killed_after"] is not None:
        time.sleep(order["killed_after"])
        os.kill(child, signal.SIGKILL)
    with os.fdopen(said) as stream:
        text = stream.read()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return {"code": code, "seconds": time.monotonic() - begins, "said": json.loads(text) if text else None}


def serve() -> None:
    """Carry out the orders on standard input until it closes."""
    for line in sys.stdin:
        print(json.dumps(carry_out(json.loads(line))), flush=True)


if __name__ == "__main__":
    serve()
