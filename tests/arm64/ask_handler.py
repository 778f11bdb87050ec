"""Hands events to predict's handler, as Lambda's runtime does: run on arm64 and on this machine alike.

Arguments: the folder that holds the code, a file with a list of events. Prints the processor, whether its
files in /sys are seen, the seconds to the first answer and the answers, in JSON; what the handler logs comes
before.
"""

import json
import platform
import sys
import time
from pathlib import Path


def main() -> None:
    folder, events = sys.argv[1:]
    sys.path.insert(0, folder)
    started = time.monotonic()
    from functions.predict.handler import handler

    answers, seconds = [], []
    for event in json.loads(Path(events).read_bytes()):
        answers.append(handler(event, None))
        seconds.append(time.monotonic() - started)
    said = {
        "machine": platform.machine(),
        "sees_processor": Path("/sys/devices/system/cpu").exists(),
        "seconds": seconds[0],
        "answers": answers,
    }
    print(json.dumps(said))


main()
