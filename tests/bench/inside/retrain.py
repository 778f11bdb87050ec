"""Handles one S3 event in a new process, as Lambda's runtime does when a dataset is uploaded.

Arguments: the bundle, the event. Prints the result.
"""

import json
import sys
from pathlib import Path


def main() -> None:
    bundle, event = sys.argv[1:]
    sys.path.insert(0, bundle)
    from functions.retrain.handler import handler

    print(json.dumps(handler(json.loads(Path(event).read_bytes()), None)))


main()
