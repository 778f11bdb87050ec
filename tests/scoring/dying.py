"""A worker that is killed as it writes a part: `python -m tests.scoring.dying`, with an order on its input.

The order is {"root", "event", "parts"}: the folder of the store, the event, and the part that it does not
live to see written.
"""

import json
import os
import signal
import sys

from functions.core.storage.folder import FolderStore
from tests.scoring.jobs import calls, handle


def main() -> None:
    order = json.load(sys.stdin)
    store = FolderStore(order["root"])

    def die(_key: str, _upload: str, number: int, _body: bytes) -> None:
        if number == order["parts"]:
            os.kill(os.getpid(), signal.SIGKILL)

    with calls(store, "upload_part", die):
        handle(store, order["event"])


if __name__ == "__main__":
    main()
