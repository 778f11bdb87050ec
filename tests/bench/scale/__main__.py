"""Training on many rows, from CSV and from Parquet: `make bench-scale`, or `make bench-scale ROWS=1000000`.

A table of that many rows is made from the shipped one by a seeded generator, below the temporary folder, and
is gone afterwards. Of each format Lifeboat reads it, selects, fits, certifies and publishes, in a process of
its own; beside it, in the same run, pandas and scikit-learn's same estimator, the usual way. Memory is the
most that the process held.

It passes when 10 million rows take no more than 6 minutes and 4 GB (of other numbers of rows, nothing is
asked).
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from functions.core.registry import versions
from functions.core.storage.folder import FolderStore
from functions.core.storage.view import ModelStore
from tests.bench.commands import Run, run
from tests.bench.figures import RESULTS, Figures
from tests.bench.scale.write_rows import write
from tests.support.titanic import SCHEMA, TABLE

ROWS = 10_000_000
MAX_SECONDS, MAX_MIB = 360.0, 4_000_000_000 / 2**20
MODEL = "scale"


def main() -> int:
    options = _options()
    figures = Figures("scale")
    began_with = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        files = _files(Path(folder), options.rows, options.formats)
        runs = {}
        for file in files:
            runs[file.suffix] = _train(file, Path(folder))
            runs[file.suffix].note(figures, f"Lifeboat, {file.suffix[1:]}")
            usual = run([sys.executable, "-m", "tests.bench.scale.usual_way", file, Path(folder, "kept")])
            usual.note(figures, f"pandas and scikit-learn, {file.suffix[1:]}")
            for name, value in json.loads(usual.printed).items():
                figures.note(f"pandas and scikit-learn, {file.suffix[1:]}: {name}", value)
            manifest = versions.read_manifest(*_published(Path(folder), file))
            figures.note(f"Lifeboat, {file.suffix[1:]}: log_loss", manifest.metrics["log_loss"].value)
            figures.note(f"Lifeboat, {file.suffix[1:]}: roc_auc", manifest.metrics["roc_auc"].value)
    figures.note("load of the machine before", began_with)
    figures.note("load of the machine afterwards", os.getloadavg()[0])
    figures.print_table(f"{options.rows:,} rows on {os.cpu_count()} cores")
    figures.save()
    print(f"\nAll figures are in {RESULTS}")
    late = [name for name, run in runs.items() if run.seconds > MAX_SECONDS or run.mib > MAX_MIB]
    if options.rows == ROWS and late:
        print(f"More than {MAX_SECONDS:.0f} s or {MAX_MIB:,.0f} MiB: {', '.join(late)}")
    return bool(options.rows == ROWS and late)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.scale",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--formats", nargs="+", choices=["csv", "parquet"], default=["csv", "parquet"])
    return parser.parse_args()


def _files(folder: Path, rows: int, formats: Sequence[str]) -> list[Path]:
    """The same table in each format."""
    text = folder / "rows.csv"
    began = time.monotonic()
    write(TABLE, rows, text)
    print(
        f"{rows:,} rows, {text.stat().st_size:,} bytes of CSV, in {time.monotonic() - began:.0f} s",
        flush=True,
    )
    if "parquet" in formats:
        # Arrow's pools of memory would be this process's from here on.
        run([sys.executable, "-m", "tests.bench.scale.write_parquet", text, folder / "rows.parquet"])
    return [folder / f"rows.{name}" for name in formats]


def _train(file: Path, folder: Path) -> Run:
    schema = folder / "schema.json"
    schema.write_bytes(SCHEMA.as_json())
    store = folder / f"store-{file.suffix[1:]}"
    return run(
        [sys.executable, "-m", "training", "train", "--dataset", file, "--schema", schema, "--model", MODEL,
         "--store", store]
    )  # fmt: skip


def _published(folder: Path, file: Path) -> tuple[ModelStore, str]:
    store = ModelStore(FolderStore(str(folder / f"store-{file.suffix[1:]}")), MODEL)
    [version] = versions.published(store)
    return store, version


if __name__ == "__main__":
    sys.exit(main())
