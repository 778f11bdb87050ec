"""Training on two of Dask's workers beside training on this machine alone: `make bench-dask ROWS=1000000`.

A table of that many rows is trained on alone, and twice on a cluster, each time in a process of its own. Of
the models, log loss is compared on the same held-out rows, one row beside itself.

It passes when both trainings on the cluster give the same bytes, and their model is not worse than that of
one machine by more than the standard error of the difference.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

import numpy as np

from functions.core.registry import versions
from functions.core.registry.manifest import Manifest
from functions.core.storage.folder import FolderStore
from functions.core.storage.view import ModelStore
from tests.bench.commands import run
from tests.bench.figures import RESULTS, Figures
from tests.bench.scale.write_rows import write
from tests.support.titanic import SCHEMA, TABLE
from training.model.evaluation import Probabilities, probabilities
from training.table.dataset import load_dataset

ROWS, WORKERS = 1_000_000, 2
MODEL = "scale"


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.scale.on_dask",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--workers", type=int, default=WORKERS)
    options = parser.parse_args()
    figures = Figures("dask")
    figures.note("load of the machine before", os.getloadavg()[0])
    cluster = ["--cluster", "local", "--workers", str(options.workers), "--one-worker-rows", "0"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(TABLE, options.rows, folder / "rows.csv")
        (folder / "rows.schema.json").write_bytes(SCHEMA.as_json())
        for store, arguments in (("alone", []), ("first", cluster), ("second", cluster)):
            run(_command(folder, store, arguments)).note(figures, store)
        losses = {store: _losses(folder, store) for store in ("alone", "first")}
        graphs = [versions.read_model(*_published(folder, store)) for store in ("first", "second")]
        for store in ("alone", "first"):
            _, manifest = _published(folder, store)
            print(f"{store}: {manifest.model}; {'; '.join(manifest.notes)}")
            figures.note(f"{store}: log_loss", manifest.metrics["log_loss"].value)
            figures.note(f"{store}: roc_auc", manifest.metrics["roc_auc"].value)
            figures.note(f"{store}: largest difference", manifest.certificate.largest_difference)
            figures.note(f"{store}: edge rows", manifest.certificate.edge_rows)
    worse = losses["first"] - losses["alone"]
    error = float(worse.std(ddof=1) / np.sqrt(len(worse)))
    print(f"log loss on the cluster less that of one machine: {worse.mean():.6f}, standard error {error:.6f}")
    figures.note("log loss on the cluster, less that of one machine", float(worse.mean()))
    figures.note("its standard error", error)
    figures.note("load of the machine afterwards", os.getloadavg()[0])
    figures.print_table(f"{options.rows:,} rows, {options.workers} workers, {os.cpu_count()} cores")
    figures.save()
    print(f"\nAll figures are in {RESULTS}; the same bytes twice: {graphs[0] == graphs[1]}")
    return int(graphs[0] != graphs[1] or worse.mean() > error)


def _command(folder: Path, store: str, arguments: list[str]) -> list[str | Path]:
    return [
        sys.executable, "-m", "training", "train", "--dataset", folder / "rows.csv", "--model", MODEL,
        "--store", folder / store, *arguments,
    ]  # fmt: skip


def _published(folder: Path, name: str) -> tuple[ModelStore, Manifest]:
    store = ModelStore(FolderStore(str(folder / name)), MODEL)
    [version] = versions.published(store)
    return store, versions.read_manifest(store, version)


def _losses(folder: Path, name: str) -> Probabilities:
    """The log loss of each held-out row."""
    dataset = load_dataset(folder / "rows.csv", SCHEMA)
    matrix, outcome = dataset.judged
    chance = probabilities(versions.read_model(*_published(folder, name)), matrix, SCHEMA)
    chance = np.clip(chance, 1e-15, 1 - 1e-15)
    return -np.log(np.where(outcome == 1, chance, 1 - chance))


if __name__ == "__main__":
    sys.exit(main())
