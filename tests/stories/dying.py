"""A retrain that dies at one of its writes: the real handler, over a store that kills its process.

`python -m tests.stories.dying` reads one order a line, {"root", "event", "last"}, lets a child of its own
carry it out, and answers with the child's exit code. So the libraries are imported once for all deaths.
"""

import json
import os
import signal
import sys
import traceback
from collections.abc import Mapping
from typing import Any
from unittest.mock import patch

from functions.core.storage.folder import FolderStore
from functions.retrain import handler
from tests.support.titanic import SCHEMA
from training.estimators.candidates import candidates


class DeadlyStore(FolderStore):
    """A folder store in which nobody lives to see write number `last`, counted from 1."""

    def __init__(self, root: str, last: int) -> None:
        super().__init__(root)
        self._left = last
        self._is_replacing = False

    def put(self, key: str, body: bytes) -> str:
        # The folder's own replace ends in a put: that is one write, not two.
        if not self._is_replacing:
            self._die_if_due()
        return super().put(key, body)

    def create(self, key: str, body: bytes, *, metadata: Mapping[str, str] | None = None) -> str:
        self._die_if_due()
        return super().create(key, body, metadata=metadata)

    def replace(self, key: str, body: bytes, *, etag: str, metadata: Mapping[str, str] | None = None) -> str:
        self._die_if_due()
        self._is_replacing = True
        try:
            return super().replace(key, body, etag=etag, metadata=metadata)
        finally:
            self._is_replacing = False

    def delete(self, key: str) -> None:
        self._die_if_due()
        super().delete(key)

    def _die_if_due(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def retrain_and_die(root: str, event: dict[str, Any], last: int) -> None:
    """Handle `event` on the store at `root`, in a process that does not survive its write number `last`."""
    os.environ["LIFEBOAT_STORE"] = root
    one = {"logistic regression": candidates(SCHEMA.features, 1_309)["logistic regression"]}
    with (
        patch("functions.retrain.handler._store", lambda: DeadlyStore(root, last)),
        # What is selected from does not matter here, and takes most of the time.
        patch("training.model.train.candidates", lambda _features, _rows: one),
    ):
        handler.handler(event, None)


def serve() -> None:
    """Carry out the orders on standard input until it closes. What the retrains log is nobody's concern."""
    for order in sys.stdin:
        child = os.fork()
        if child == 0:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = 1
            try:
                retrain_and_die(**json.loads(order))
                code = 0
            except Exception:
                traceback.print_exc()
            finally:
                # Not through `sys.exit`: the orders yet to be read are the parent's.
                os._exit(code)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    serve()
