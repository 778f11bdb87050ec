"""How much sooner a bundle imports with byte-code: `make bench-bytecode`.

Builds the predict bundle twice, with byte-code and without, and imports its handler in new processes on
Lambda's version of Python, in turns, so that whatever else the machine does meets both alike. Nothing is
written into the bundles meanwhile, as in Lambda, whose code folder is read-only.
"""

import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from functions.local.bundle.build import RUNTIME, Target, build
from functions.local.bundle.proof import reason_not_to_import
from functions.local.bundle.python import find_python
from functions.local.bundle.recipe import read_recipe
from functions.local.child import ROOT
from functions.local.template import Function, read_template

ROUNDS = 11
IMPORT = "import sys, importlib; sys.path.insert(0, sys.argv[1]); importlib.import_module(sys.argv[2])"


def main() -> int:
    python = find_python(RUNTIME)
    architecture = "x86_64" if platform.machine() == "x86_64" else "arm64"
    if reason := reason_not_to_import(python, RUNTIME, architecture):
        print(f"The predict bundle cannot be imported here: {reason}.", file=sys.stderr)
        return 1
    assert python is not None
    function = read_template(ROOT / "template.yaml").functions["PredictFunction"]
    recipe = read_recipe(ROOT / "pyproject.toml")
    seconds: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        bundles = {"with byte-code": Path(scratch, "compiled"), "without": Path(scratch, "sources")}
        for name, folder in bundles.items():
            own = python if name == "with byte-code" else None
            build(ROOT, function, recipe, Target(architecture, own), folder)
            # The first import reads from the disk, the others from memory: it is not counted.
            import_seconds(python, function, folder)
        for _ in range(ROUNDS):
            for name, folder in bundles.items():
                seconds.setdefault(name, []).append(import_seconds(python, function, folder))
    for name, times in seconds.items():
        print(
            f"{name:<15} {statistics.median(times) * 1000:6.0f} ms"
            f"  ({min(times) * 1000:.0f} to {max(times) * 1000:.0f}, {ROUNDS} processes)"
        )
    compiled, sources = (statistics.median(times) for times in seconds.values())
    print(f"{'ratio':<15} {sources / compiled:6.2f}")
    return 0


def import_seconds(python: Path, function: Function, folder: Path) -> float:
    """Seconds that a process takes to start, import the handler from `folder` and end."""
    module = function.handler.rpartition(".")[0]
    started = time.perf_counter()
    subprocess.run(
        [python, "-I", "-S", "-B", "-c", IMPORT, folder, module], env=dict(function.environment), check=True
    )
    return time.perf_counter() - started


if __name__ == "__main__":
    sys.exit(main())
