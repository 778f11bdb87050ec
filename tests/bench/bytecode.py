"""How much sooner a bundle imports with byte-code: `make bench-bytecode`.

Builds the predict bundle twice, with byte-code and without, and imports its handler in new processes on
Lambda's version of Python, in turns, so that whatever else the machine does meets both alike. Nothing is
written into the bundles meanwhile, as in Lambda, whose code folder is read-only.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from functions.local.bundle.build import Target, build
from functions.local.bundle.recipe import read_recipe
from functions.local.platform.template import Function, read_template
from functions.local.process.child import ROOT
from tests.bench.checkout import CannotRun
from tests.bench.figures import Figures
from tests.bench.stage import architecture, lambda_python

ROUNDS = 11
IMPORT = "import sys, importlib; sys.path.insert(0, sys.argv[1]); importlib.import_module(sys.argv[2])"
WITH, WITHOUT = "with byte-code", "without"


def main() -> int:
    try:
        python = lambda_python()
    except CannotRun as reason:
        print(f"Cannot run here: {reason}", file=sys.stderr)
        return 1
    function = read_template(ROOT / "template.yaml").functions["PredictFunction"]
    recipe = read_recipe(ROOT / "pyproject.toml")
    seconds: dict[str, list[float]] = {WITH: [], WITHOUT: []}
    with tempfile.TemporaryDirectory() as scratch:
        bundles = {WITH: Path(scratch, "compiled"), WITHOUT: Path(scratch, "sources")}
        for name, folder in bundles.items():
            own = python if name == WITH else None
            build(ROOT, function, recipe, Target(architecture(), own), folder)
            # The first import reads from the disk, the others from memory: it is not counted.
            import_seconds(python, function, folder)
        for _ in range(ROUNDS):
            for name, folder in bundles.items():
                seconds[name].append(import_seconds(python, function, folder))
    figures = Figures("bytecode")
    for name, times in seconds.items():
        figures.add(name, times)
    figures.note("times sooner", figures.median(WITHOUT) / figures.median(WITH))
    figures.print_table("Import of the predict bundle in a new process, ms")
    return 0


def import_seconds(python: Path, function: Function, folder: Path) -> float:
    """Seconds that a process takes to start, import the handler from `folder` and end."""
    module = function.handler.rpartition(".")[0]
    started = time.perf_counter()
    subprocess.run(
        [python, "-I", "-S", "-B", "-c", IMPORT, folder, module],
        env=dict(function.environment),
        timeout=120,
        check=True,
    )
    return time.perf_counter() - started


if __name__ == "__main__":
    sys.exit(main())
