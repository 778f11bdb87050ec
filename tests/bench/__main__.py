"""How fast Lifeboat is, and what it costs: `make bench`, or some of it: `make bench ARGS="cold warm"`.

Beside another checkout, such as a worktree of the commit before, measured in turns with this one:
`make bench ARGS="cold warm batch" AGAINST=../before`.
"""

import argparse
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


def main() -> int:
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
        parser.error(f"there is no benchmark {unknown[0]}{beside}, only {', '.join(known)}")
    return options


if __name__ == "__main__":
    sys.exit(main())
