"""Event in, response out, in a warm process, beside the raw run of the graph and the full app.

Arguments: the bundle, the event, the graph, how many rounds and requests a round. Prints the seconds of every
request, and the process's memory.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def main() -> None:
    bundle, event, model, rounds, requests = sys.argv[1:]
    sys.path.insert(0, bundle)
    from functions.predict.handler import handler

    request = json.loads(Path(event).read_bytes())
    handler(request, None)
    # Before anything else is imported: what a process holds that has answered one request.
    memory = _resident_kib()
    subjects: dict[str, Callable[[], Any]] = {
        "handler": lambda: handler(request, None),
        "long": _full_app(request),
        "raw": _raw_run(request, model),
    }
    seconds: dict[str, list[float]] = {name: [] for name in subjects}
    for round_ in range(int(rounds) + 1):
        for name, ask in subjects.items():
            times = [_seconds(ask) for _ in range(int(requests))]
            # The first round warms up.
            seconds[name] += times if round_ else []
    print(json.dumps({"seconds": seconds, "kib": {"first": memory, "last": _resident_kib()}}))


def _full_app(request: dict[str, Any]) -> Callable[[], Any]:
    """The same request through the web framework: what every other route takes."""
    from functions.predict.handler import full_app

    adapter = full_app()
    return lambda: adapter(request, None)


def _raw_run(request: dict[str, Any], model: str) -> Callable[[], Any]:
    """The graph on the tensors of that row, made beforehand: nothing can be faster."""
    import onnxruntime

    from functions.predict.rows import read_row
    from functions.predict.service import service

    lifeboat = service()
    champion = lifeboat.champion(lifeboat.settings.default_model)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    tensors = dict(read_row(json.loads(request["body"]), champion.rows)[0])
    return lambda: session.run(["label", "probabilities"], tensors)


def _seconds(ask: Callable[[], Any]) -> float:
    began = time.perf_counter()
    ask()
    return time.perf_counter() - began


def _resident_kib() -> int:
    status = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in status if line.startswith("VmRSS")).split()[1])


main()
