"""From a new process to the first scored passenger: `make bench-cold`.

Runs the built predict bundle's handler on Lambda's version of Python, the model fetched from an S3 endpoint,
beside the floor: a bare process that imports numpy and onnxruntime and scores from a local file. New
processes, in turns; the parts of the cold start are timed inside it.
"""

import asyncio
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from functions.core import promotion, registry
from functions.core.store import open_store
from functions.local.bundle.build import RUNTIME, Target, build
from functions.local.bundle.python import find_python
from functions.local.bundle.recipe import read_recipe
from functions.local.child import ROOT
from functions.local.embedded_store import start_embedded_store
from functions.local.runner import exported, leading_to
from functions.local.template import read_template
from tests.bench.figures import Figures, summary
from training.publication import Upload, train_and_publish

ROUNDS = 15
EVENT = ROOT / "tests" / "events" / "http_predict.json"
TITANIC = ROOT / "training" / "data" / "titanic.csv"
BUCKET = "lifeboat-bench"

# What Lambda's runtime does: put the bundle on the path, import the handler, hand it an event.
COLD = """
import time
began = time.perf_counter()
import json, sys
sys.path.insert(0, sys.argv[1])
event = json.load(open(sys.argv[2]))
marks = {}
import numpy, onnxruntime
marks["numpy, onnxruntime"] = time.perf_counter()
from functions.predict.handler import handler
marks["the other imports"] = time.perf_counter()
from functions.predict.service import service
service().model()
marks["fetch, session"] = time.perf_counter()
answer = handler(event, None)
marks["first request"] = time.perf_counter()
assert answer["statusCode"] == 200, answer
parts, last = {}, began
for name, at in marks.items():
    parts[name], last = at - last, at
memory = [line for line in open("/proc/self/status") if line.startswith("VmHWM")][0].split()[1]
print(json.dumps({"parts": parts, "kib": int(memory)}))
"""
FLOOR = """
import os, sys
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
sys.path.insert(0, sys.argv[1])
import numpy as np
import onnxruntime
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
session = onnxruntime.InferenceSession(sys.argv[3], options, providers=["CPUExecutionProvider"])
row = {
    node.name: np.array([["male" if node.name == "sex" else ""]], dtype=object)
    if node.type == "tensor(string)" else np.array([[1]], dtype=np.float32)
    for node in session.get_inputs()
}
session.run(["label", "probabilities"], row)
"""


def main() -> int:
    return asyncio.run(_main())


async def _main() -> int:
    python = find_python(RUNTIME)
    if python is None:
        print(f"There is no {RUNTIME} here to run the bundle on.", file=sys.stderr)
        return 1
    figures = Figures("cold")
    with tempfile.TemporaryDirectory() as scratch:
        store = await start_embedded_store(0, lambda _line: None)
        try:
            with exported(leading_to(store.endpoint, "us-east-1")):
                model = await asyncio.to_thread(_publish, Path(scratch, "model.onnx"))
                bundle = Path(scratch, "bundle")
                function = read_template(ROOT / "template.yaml").functions["PredictFunction"]
                architecture = "x86_64" if platform.machine() == "x86_64" else "arm64"
                recipe = read_recipe(ROOT / "pyproject.toml")
                build(ROOT, function, recipe, Target(architecture, python), bundle)
                await asyncio.to_thread(_measure, python, bundle, model, figures)
        finally:
            await store.stop()
    figures.print_table("From a new process to the first scored passenger, ms")
    figures.save()
    return 0


def _publish(file: Path) -> Path:
    """Train the champion into the endpoint's bucket. Returns its graph as a file."""
    from datetime import UTC, datetime

    store = open_store(f"s3://{BUCKET}")
    store.create_bucket()
    train_and_publish(store, Upload("datasets/titanic.csv", datetime.now(UTC)), TITANIC, by="bench")
    champion, _ = promotion.read_champion(store)
    file.write_bytes(registry.read_model(store, registry.read_manifest(store, champion.version)))
    return file


def _measure(python: Path, bundle: Path, model: Path, figures: Figures) -> None:
    cold, floor, bare = [], [], []
    parts: dict[str, list[float]] = {}
    memory = []
    for round_ in range(ROUNDS + 1):
        seconds, output = _run(python, COLD, bundle, model)
        at_least, _ = _run(python, FLOOR, bundle, model)
        empty, _ = _run(python, "", bundle, model)
        if round_ == 0:
            # The first ones read from the disk, the others from memory.
            continue
        cold.append(seconds)
        floor.append(at_least)
        bare.append(empty)
        memory.append(output["kib"] / 1024)
        for name, part in output["parts"].items():
            parts.setdefault(name, []).append(part)
    figures.add("Lifeboat, cold", cold)
    figures.add("  the process itself", bare)
    for name, times in parts.items():
        figures.add(f"  {name}", times)
    figures.add("floor: numpy, onnxruntime, a local file", floor)
    figures.note("ratio to the floor", summary(cold).median / summary(floor).median)
    figures.note("memory at its peak, MiB", summary(memory).median)


def _run(python: Path, code: str, bundle: Path, model: Path) -> tuple[float, Any]:
    """Seconds from the start of a process to its end, and what it printed last."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environment |= {"LIFEBOAT_STORE": f"s3://{BUCKET}", "ORT_DISABLE_TELEMETRY": "1"}
    started = time.perf_counter()
    done = subprocess.run(
        [python, "-I", "-S", "-B", "-c", code, bundle, EVENT, model],
        env=environment,
        check=True,
        stdout=subprocess.PIPE,
    )
    seconds = time.perf_counter() - started
    lines = done.stdout.splitlines()
    return seconds, json.loads(lines[-1]) if lines else None


if __name__ == "__main__":
    sys.exit(main())
