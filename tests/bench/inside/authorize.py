"""The authorizer in a new process, then warm.

Arguments: the bundle, a file with its event, how many requests. Prints the moment of the first answer (see
cold.py) and the seconds of each of the others.
"""

import json
import sys
import time
from pathlib import Path


def main() -> None:
    bundle, event, requests = sys.argv[1:]
    sys.path.insert(0, bundle)
    from functions.authorize.handler import handler

    request = json.loads(Path(event).read_bytes())
    answer = handler(request, None)
    first = time.monotonic()
    if not answer["context"]["key_id"]:
        raise SystemExit(f"the key was refused: {answer}")
    seconds = []
    for _ in range(int(requests)):
        began = time.perf_counter()
        handler(request, None)
        seconds.append(time.perf_counter() - began)
    print(json.dumps({"first": first, "seconds": seconds}))


main()
