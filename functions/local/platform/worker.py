"""A function's process, a Lambda runtime in miniature: `python -m ...local.platform.worker HANDLER FD`.

It reads one JSON line per invocation from standard input and writes one JSON line per answer to the file
descriptor FD. Standard output and standard error stay free for what the function logs. When standard input
closes, it exits, whatever it is doing, so that no worker outlives the runner.
"""

import importlib
import json
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue
from typing import IO, Any

Handler = Callable[[Any, Any], Any]


@dataclass(frozen=True, slots=True)
class Context:
    """What Lambda tells a handler about its invocation. `deadline` in seconds since the epoch."""

    aws_request_id: str
    function_name: str
    invoked_function_arn: str
    memory_limit_in_mb: str
    deadline: float
    function_version: str = "$LATEST"

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self.deadline - time.time()) * 1000))


def load(name: str) -> Handler:
    """Import the handler that `package.module.attribute` names."""
    module, _, attribute = name.rpartition(".")
    handler: Handler = getattr(importlib.import_module(module), attribute)
    return handler


def invoke(handler: Handler, line: str | bytes) -> str:
    """Answer one invocation: `{"result": ...}`, or `{"error": {...}}` when the handler raised."""
    invocation = json.loads(line)
    try:
        result = handler(invocation["event"], Context(**invocation["context"]))
        return json.dumps({"result": result}, allow_nan=False)
    except Exception as error:
        return failure(error)


def failure(error: BaseException) -> str:
    """The error as Lambda reports it; the traceback goes to the log."""
    traceback.print_exception(error)
    sys.stderr.flush()
    return json.dumps({"error": {"errorMessage": str(error), "errorType": type(error).__name__}})


def main(handler_name: str, descriptor: str) -> None:
    invocations: SimpleQueue[bytes] = SimpleQueue()
    # The handler, and what it starts, must not read from the stream of invocations.
    stream = os.fdopen(os.dup(0), "rb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    threading.Thread(target=_read, args=(stream, invocations), daemon=True).start()
    with os.fdopen(int(descriptor), "w") as answers:
        try:
            handler = load(handler_name)
        except BaseException as error:  # a handler that exits at import has failed to import, too
            _write(answers, failure(error))
            return
        _write(answers, json.dumps({"ready": True}))
        while True:
            _write(answers, invoke(handler, invocations.get()))


def _read(stream: IO[bytes], invocations: SimpleQueue[bytes]) -> None:
    for line in stream:
        invocations.put(line)
    os._exit(0)


def _write(answers: IO[str], line: str) -> None:
    answers.write(line + "\n")
    answers.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
