"""How fast Lifeboat is, and what it costs: `make bench`, or some of it: `make bench ARGS="cold warm"`."""

import argparse
import sys
from collections.abc import Callable

from functions.local.bundle.recipe import BundleRefused
from tests.bench import batch, cold, cost, http, retrain, warm
from tests.bench.figures import RESULTS, Figures
from tests.bench.stage import CannotRun, Stage, staged

BENCHMARKS: dict[str, Callable[[Stage], Figures]] = {
    "cold": cold.measure,
    "warm": warm.measure,
    "http": http.measure,
    "batch": batch.measure,
    "retrain": retrain.measure,
    "cost": cost.measure,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}; none means all"
    )
    names = parser.parse_args().names or list(BENCHMARKS)
    if unknown := [name for name in names if name not in BENCHMARKS]:
        parser.error(f"there is no benchmark {unknown[0]}, only {', '.join(BENCHMARKS)}")
    skipped = False
    try:
        with staged() as stage:
            for name in names:
                try:
                    BENCHMARKS[name](stage).save()
                except (BundleRefused, CannotRun) as reason:
                    print(f"\nSkipped {name}: {reason}", file=sys.stderr)
                    skipped = True
    except CannotRun as reason:
        print(f"Cannot run here: {reason}", file=sys.stderr)
        return 1
    print(f"\nAll figures are in {RESULTS}")
    return 1 if skipped else 0


if __name__ == "__main__":
    sys.exit(main())
