"""How fast Lifeboat is, and what it costs: `make bench`, or some of it: `make bench ARGS="cold warm"`.

Beside another checkout, such as a worktree of the commit before, measured in turns with this one:
`make bench ARGS="cold warm batch" AGAINST=../before`. What is measured by itself, with options of its own, is
`make bench-NAME`, such as `make bench-races ARGS=--help`; a name that is unknown prints them all.
"""

import argparse
import os
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from functions.local.bundle.recipe import BundleRefused
from tests.bench import batch, cold, cost, http, retrain, warm
from tests.bench.checkout import CannotRun, Checkout, other_checkout
from tests.bench.figures import RESULTS, Figures
from tests.bench.stage import Stage, staged

BENCHMARKS: dict[str, Callable[[Stage], Figures]] = {
    "cold": cold.measure,
    "warm": warm.measure,
    "http": http.measure,
    "batch": batch.measure,
    "retrain": retrain.measure,
    "cost": cost.measure,
}
# Those that take another checkout as well.
COMPARABLE: dict[str, Callable[[Stage, Checkout], Figures]] = {
    "cold": cold.measure,
    "warm": warm.measure,
    "batch": batch.measure,
}
# What is measured by itself: its module, and what it tells.
ALONE: dict[str, tuple[str, str]] = {
    "authorize": ("tests.bench.authorize", "whether the time of a refusal tells if the id of a key exists"),
    "bytecode": ("tests.bench.bytecode", "how much sooner the predict bundle imports with byte-code"),
    "dask": (
        "tests.bench.scale.on_dask",
        "training on a million rows on two of Dask's workers, beside one machine",
    ),
    "drift": (
        "tests.bench.drift",
        "how often clean windows raise a drift alarm and which changes are found, by simulation",
    ),
    "feedback": ("tests.bench.feedback", "8 clients that report 10,000 outcomes at once, and what is kept"),
    "gate": ("tests.bench.gate", "how often models of known quality pass the gate, by simulation"),
    "growth": (
        "tests.bench.growth",
        "the monitor and the labelling queue with ten million predictions a day of 50 models; 5 GB of disk",
    ),
    "peers": (
        "tests.bench.peers",
        "MLflow, BentoML, LitServe, MLServer, Ray Serve and FastAPI, which it installs; 15 minutes",
    ),
    "races": ("tests.bench.races", "50 processes that promote different versions at once, 20 times"),
    "readers": (
        "tests.bench.readers",
        "the ways to read a champion from S3 in a cold start",
    ),
    "sam": (
        "tests.bench.sam",
        "the cold start in Lambda's runtime emulator; needs docker, or root to start it",
    ),
    "scale": (
        "tests.bench.scale",
        "training on 10 million rows, CSV and Parquet, beside pandas and scikit-learn",
    ),
    "scoring": (
        "tests.bench.scoring",
        "scoring 10 million rows, CSV to CSV, beside pandas with scikit-learn and MLflow",
    ),
    "store": (
        "tests.bench.kept_store",
        "how long the store of `make run` takes to be ready, ten times, its processor time and its memory",
    ),
    "tables": (
        "tests.bench.tables",
        "the champions of public tables beside scikit-learn's plain estimators, on the same folds",
    ),
}


def main() -> int:
    if sys.argv[1:2] and sys.argv[1] in ALONE:
        # As a program of its own: processes that it starts look for what they run by the name of its module.
        module, _ = ALONE[sys.argv[1]]
        command = [sys.executable, "-m", module, *sys.argv[2:]]
        os.execv(sys.executable, command)  # noqa: S606 - no shell is wanted
    options = _options()
    skipped = False
    try:
        with ExitStack() as stack:
            stage = stack.enter_context(staged())
            other = stack.enter_context(other_checkout(options.against)) if options.against else None
            for name in options.names:
                try:
                    figures = COMPARABLE[name](stage, other) if other else BENCHMARKS[name](stage)
                    figures.save()
                except (BundleRefused, CannotRun) as reason:
                    print(f"\nSkipped {name}: {reason}", file=sys.stderr)
                    skipped = True
    except CannotRun as reason:
        print(f"Cannot run here: {reason}", file=sys.stderr)
        return 1
    print(f"\nAll figures are in {RESULTS}")
    return 1 if skipped else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench",
        description=__doc__,
        epilog="\n".join(["by itself:", *(f"  {name:<12}{words}" for name, (_, words) in ALONE.items())]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}; none means all"
    )
    parser.add_argument(
        "--against",
        type=Path,
        metavar="PATH",
        help=f"another checkout, beside which {', '.join(COMPARABLE)} are measured",
    )
    options = parser.parse_args()
    known = COMPARABLE if options.against else BENCHMARKS
    options.names = options.names or list(known)
    if unknown := [name for name in options.names if name not in known]:
        beside = " beside another checkout" if unknown[0] in BENCHMARKS else ""
        alone = "" if options.against else f", and by itself: {', '.join(ALONE)}"
        parser.error(f"there is no benchmark {unknown[0]}{beside}, only {', '.join(known)}{alone}")
    return options


if __name__ == "__main__":
    sys.exit(main())
