"""What Lambda's runtime does in a new process: bundle on the path, handler imported, event handed to it.

Arguments: the bundle, the event. Prints the moment at which each part was done, by the system's monotonic
clock, which the process that started this one reads as well.
"""

import json
import sys
import time
from importlib import import_module
from pathlib import Path


def main() -> None:
    marks = {"start of the interpreter": time.monotonic()}

    def mark(part: str) -> None:
        marks[part] = time.monotonic()

    bundle, event = sys.argv[1:]
    sys.path.insert(0, bundle)
    request = json.loads(Path(event).read_bytes())
    # Imported first to tell them from the rest: the handler imports them in any case.
    import_module("numpy")
    import_module("onnxruntime")
    mark("import of numpy and onnxruntime")
    from functions.predict.handler import handler

    mark("all other imports")
    from functions.core.schema.schema import Schema
    from functions.core.scoring.scorer import Scorer
    from functions.predict import champion
    from functions.predict.service import service

    class Marked(Scorer):
        """Where the fetch ends, the session begins."""

        def __init__(self, model: bytes, schema: Schema, **limits: float) -> None:
            mark("fetch of record, manifest, graph")
            super().__init__(model, schema, **limits)
            mark("session")

    # A probe: it does what the class does.
    vars(champion)["Scorer"] = Marked
    lifeboat = service()
    mark("settings and client")
    # Elsewhere the SDK is taken, and half of a cold start is its import: that is not what Lambda meets.
    if type(lifeboat._reader).__name__ != "S3Reader":
        raise SystemExit("this environment does not let the store be read without the SDK, as Lambda's does")
    lifeboat.champion(lifeboat.settings.default_model)
    answer = handler(request, None)
    mark("first request")
    if answer["statusCode"] != 200:
        raise SystemExit(f"the handler answered {answer}")
    print(json.dumps(marks))


main()
