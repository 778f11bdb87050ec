"""Lifeboat's champion beside plain scikit-learn models, on public tables: `make bench-tables`.

Of each table, the log loss and the ROC AUC in cross-validation, in which the champion is selected anew on the
training side of each fold. It passes when on no table the champion's log loss exceeds that of the better of
the two plain models by more than the standard error of the difference, or by 0.001 where that is less.
"""

import argparse
import os
import sys
import tempfile
import warnings
from pathlib import Path

from tests.bench.checkout import CannotRun
from tests.bench.figures import RESULTS, Figures
from tests.bench.peers.environment import environment
from tests.bench.tables.measure import measure
from tests.bench.tables.report import print_header, report
from tests.bench.tables.sources import SOURCES, write_tables

FOLDS, MAX_ROWS = 5, 4_000
LOCK = Path(__file__).with_name("requirements.txt")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.tables", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="table", help="some of the tables; all by default")
    parser.add_argument("--folds", type=int, default=FOLDS)
    parser.add_argument("--rows", type=int, default=MAX_ROWS, help="larger tables are sampled")
    options = parser.parse_args()
    sources = [source for source in SOURCES if source.name in (options.names or [source.name])]
    try:
        python = environment("tables", LOCK, Path(sys.executable)) / "bin" / "python"
    except CannotRun as reason:
        print(f"Cannot run here: {reason}", file=sys.stderr)
        return 1
    # A champion is selected by what it predicts, whether its solver was done or not.
    warnings.filterwarnings("ignore")
    os.environ.setdefault("PYTHONWARNINGS", "ignore")
    figures = Figures("tables")
    failed = []
    print_header()
    with tempfile.TemporaryDirectory() as folder:
        paths = write_tables(Path(folder), sources, python)
        for source in sources:
            found = measure(
                source.name, paths[source.name], source.target, folds=options.folds, max_rows=options.rows
            )
            if not report(source.name, found, figures):
                failed.append(source.name)
    figures.save()
    print(f"\nAll figures are in {RESULTS}")
    if failed:
        print(f"Worse than the better plain model by more than the standard error: {', '.join(failed)}")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
