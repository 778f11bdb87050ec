"""A warm predict function that is asked without pause, until another model answers.

Arguments: the bundle, the event. Prints "warm" once it has answered, and in the end, in JSON, the moment at
which the new version answered first (see cold.py).
"""

import json
import sys
import time
from pathlib import Path


def main() -> None:
    bundle, event = sys.argv[1:]
    sys.path.insert(0, bundle)
    from functions.predict.handler import handler

    request = json.loads(Path(event).read_bytes())

    def version() -> str:
        answer = handler(request, None)
        if answer["statusCode"] != 200:
            raise SystemExit(f"the handler answered {answer}")
        return str(json.loads(answer["body"])["model"]["version"])

    before = version()
    print("warm", flush=True)
    while (now := version()) == before:
        # Its share of the processor is the retrain's.
        time.sleep(0.01)
    print(json.dumps({"version": now, "at": time.monotonic()}))


main()
