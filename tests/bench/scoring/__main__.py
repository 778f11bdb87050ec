"""Scoring a large file, from CSV to CSV: `make bench-scoring`, or `make bench-scoring ROWS=1000000`.

A table of that many rows is made from the shipped one by a seeded generator, below the temporary folder, and
is gone afterwards. The champion of the shipped table scores it by one process, by two, and by two of Dask's,
whose answers have to be the same bytes, and those of POST /predict/batch. Beside it, in the same run and on a
tenth of the rows, two million at most: the same estimator over chunks of pandas, and `mlflow models predict`.

It passes when 10 million rows take one process no more than 1/120,000 s each and 300 MB, two processes are
1.7 times as fast, and two of Dask's 1.5 times (of other numbers of rows, only the bytes are asked for).
"""

import argparse
import csv
import hashlib
import itertools
import json
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests.bench.commands import Run, run
from tests.bench.figures import RESULTS, Figures

ROWS = 10_000_000
MIN_RATE, MAX_MIB, TWO, DASK = 120_000, 300e6 / 2**20, 1.7, 1.5
COMPARED_SHARE, MAX_COMPARED = 0.1, 2_000_000
STORE, ANSWERS = "store", "answers.csv"
ROOT = Path(__file__).parents[3]
TABLE = ROOT / "training" / "data" / "titanic.csv"
MLFLOW_LOCK = ROOT / "tests" / "bench" / "peers" / "mlflow.txt"
WAYS = {
    "one process": ["--workers", "1"],
    "two processes": ["--workers", "2"],
    "Dask, two workers": ["--workers", "2", "--cluster", "local"],
}


def main() -> int:
    rows = _options().rows
    figures = Figures("scoring")
    figures.note("load of the machine before", os.getloadavg()[0])
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        source = folder / "rows.csv"
        # Not by this process, nor the champion: what it holds counts for whatever it starts.
        run([sys.executable, "-m", "tests.bench.scale.write_rows", TABLE, str(rows), source])
        print(f"{rows:,} rows, {source.stat().st_size:,} bytes of CSV", flush=True)
        run([sys.executable, "-m", "tests.bench.scoring.make_champion", folder, folder / STORE])
        runs = {name: _score(source, folder, ways) for name, ways in WAYS.items()}
        for name, (taken, _) in runs.items():
            taken.note(figures, name)
            figures.note(f"{name}: rows/s", rows / taken.seconds)
        digests = {digest for _, digest in runs.values()}
        asked = run(
            [sys.executable, "-m", "tests.bench.scoring.ask_api", source, folder / ANSWERS, folder / STORE]
        )
        others = int(asked.printed.splitlines()[-1])
        _beside(source, folder, min(int(rows * COMPARED_SHARE), MAX_COMPARED), figures)
    figures.note("load of the machine afterwards", os.getloadavg()[0])
    faults = [] if len(digests) == 1 else ["the answers of one, of two and of Dask differ"]
    faults += [f"{others} answers are not those of POST /predict/batch"] if others else []
    faults += _slow(runs["one process"][0], figures) if rows == ROWS else []
    figures.print_table(f"{rows:,} rows on {os.cpu_count()} cores")
    figures.save()
    print(f"\nAll figures are in {RESULTS}")
    print("\n".join(faults or ["The answers are the same bytes, whoever scores."]))
    return bool(faults)


def _slow(single: Run, figures: Figures) -> list[str]:
    """What is slower or larger than it should be, in sentences."""
    rate, two, dask = (figures.noted(f"{name}: rows/s") for name in WAYS)
    faults = {
        f"less than {MIN_RATE:,} rows/s": rate < MIN_RATE,
        f"more than {MAX_MIB:.0f} MiB": single.mib > MAX_MIB,
        f"two processes less than {TWO} times as fast": two < TWO * rate,
        f"Dask less than {DASK} times as fast": dask < DASK * rate,
    }
    return [fault for fault, is_so in faults.items() if is_so]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.scoring",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rows", type=int, default=ROWS)
    return parser.parse_args()


def _score(source: Path, folder: Path, ways: list[str]) -> tuple[Run, str]:
    """What it took, and the SHA-256 of the answers."""
    taken = run(
        [
            sys.executable,
            "-m",
            "training",
            "score",
            source,
            folder / ANSWERS,
            "--store",
            folder / STORE,
            *ways,
        ]
    )
    with (folder / ANSWERS).open("rb") as file:
        return taken, hashlib.file_digest(file, "sha256").hexdigest()


def _beside(source: Path, folder: Path, rows: int, figures: Figures) -> None:
    """The same estimator, by others, on the first rows."""
    part = folder / "part.csv"
    with source.open("rb") as table, part.open("wb") as file:
        file.writelines(itertools.islice(table, rows + 1))

    def measure(name: str, command: list[str | Path], variables: Mapping[str, str]) -> None:
        taken = run(command, environment=variables, folder=folder)
        taken.note(figures, name)
        figures.note(f"{name}: rows/s", rows / taken.seconds)

    by_pandas: list[str | Path] = [
        sys.executable,
        "-m",
        "tests.bench.scoring.by_pandas",
        part,
        folder / "by-pandas.csv",
    ]
    measure("pandas and scikit-learn", by_pandas, os.environ | {"PYTHONPATH": str(ROOT)})

    # Late: what this process holds when it starts another counts as held by that one.
    from tests.bench.peers.environment import environment
    from tests.bench.stage import lambda_python

    installed = environment("mlflow", MLFLOW_LOCK, lambda_python())
    variables = {
        "PATH": os.pathsep.join([str(installed / "bin"), os.environ["PATH"]]),
        "PYTHONPATH": str(ROOT),
        "HOME": str(folder),
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    save: list[str | Path] = [installed / "bin" / "python", "-m", "tests.bench.scoring.save_mlflow", "model"]
    run(save, environment=variables, folder=folder)
    predict = ["mlflow", "models", "predict", "--env-manager", "local", "-m", "model"]
    measure(
        "mlflow models predict", [*predict, "-i", str(part), "-t", "csv", "-o", "by-mlflow.json"], variables
    )
    theirs = json.loads((folder / "by-mlflow.json").read_text())["predictions"]
    with (folder / ANSWERS).open(newline="") as answers:
        scored = csv.DictReader(answers)
        apart = max(
            abs(float(mine["probability"]) - other[1]) for mine, other in zip(scored, theirs, strict=False)
        )
    figures.note("largest difference from scikit-learn", apart)


if __name__ == "__main__":
    sys.exit(main())
