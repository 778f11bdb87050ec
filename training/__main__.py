"""The command line of the offline side: `python -m training --help`."""

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from tqdm import tqdm

from functions.core import registry
from functions.core.errors import LifeboatError
from functions.core.store import open_store
from training.dataset import RefusedDataset, load_dataset
from training.evaluation import Progress, cross_validate
from training.pipeline import candidates
from training.publication import Upload, train_and_publish
from training.train import Configuration

TITANIC = Path(__file__).parent / "data" / "titanic.csv"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line. Returns the exit code: 0 done, 1 refused or failed, 2 wrong use, 130 stopped."""
    options = _parser().parse_args(arguments)
    try:
        with _progress() as progress:
            return (
                _evaluate(options, progress) if options.command == "evaluate" else _train(options, progress)
            )
    except RefusedDataset as refusal:
        print(f"refused: {refusal}", file=sys.stderr)
        for row in refusal.bad_rows:
            print(f"  line {row.line}, {row.column or 'row'}: {row.reason}", file=sys.stderr)
    except (LifeboatError, OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m training",
        description="Train a model, prove it, publish it and, if it is good enough, promote it.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument(
        "command",
        nargs="?",
        choices=["train", "evaluate"],
        default="train",
        help="evaluate only compares the candidate models by cross-validation over all rows",
    )
    parser.add_argument(
        "--dataset",
        default=str(TITANIC),
        help="a CSV: a path, or s3://bucket/key (AWS_ENDPOINT_URL is honoured)",
    )
    parser.add_argument(
        "--store",
        default=os.environ.get("LIFEBOAT_STORE", "build/store"),
        help="where to publish: a folder, or s3://bucket",
    )
    parser.add_argument(
        "--folds", type=_at_least(2), help="cross-validation folds: 5 to train, 10 to evaluate"
    )
    parser.add_argument("--repeats", type=_at_least(1), help="repetitions of them: 1 to train, 3 to evaluate")
    parser.add_argument("--seed", type=int, default=0, help="of the folds")
    return parser


def _at_least(least: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if int(text) < least:
            raise argparse.ArgumentTypeError(f"at least {least}, got {text}")
        return int(text)

    return number


def _train(options: argparse.Namespace, progress: Progress) -> int:
    store = open_store(options.store)
    store.create_bucket()
    with _local(options.dataset) as (path, upload):
        outcome = train_and_publish(
            store,
            upload,
            path,
            by="command line",
            configuration=Configuration(options.folds or 5, options.repeats or 1, options.seed),
            progress=progress,
        )
    print(f"{outcome.status}: {outcome.reason}")
    if outcome.version is None:
        return 1
    manifest = registry.read_manifest(store, outcome.version)
    print(f"version      {manifest.version}")
    print(f"dataset      {manifest.dataset.rows} rows, {manifest.dataset.rejected_rows} left out")
    print(f"model        {manifest.model}")
    for name, metric in manifest.metrics.items():
        print(f"  {name:18} {metric.value:.4f}  (95 % {metric.low:.4f} to {metric.high:.4f})")
    proof = manifest.certificate
    print(
        f"certificate  {proof.rows + proof.edge_rows} rows, largest difference {proof.largest_difference:.1e}"
    )
    print(f"model.onnx   sha256 {manifest.files['model.onnx'].sha256}")
    return 0


def _evaluate(options: argparse.Namespace, progress: Progress) -> int:
    with _local(options.dataset) as (path, _):
        dataset = load_dataset(path)
    folds, repeats = options.folds or 10, options.repeats or 3
    found = cross_validate(
        candidates(len(dataset.matrix)),
        dataset.matrix,
        dataset.survived,
        folds=folds,
        repeats=repeats,
        seed=options.seed,
        progress=progress,
    )
    print(f"{folds}-fold x {repeats} cross-validation over all {len(dataset.matrix)} rows")
    print(f"{'model':32} ROC AUC  log loss   Brier")
    for name, metrics in sorted(found.items(), key=lambda item: item[1]["log_loss"]):
        print(f"{name:32}  {metrics['roc_auc']:.4f}    {metrics['log_loss']:.4f}  {metrics['brier']:.4f}")
    return 0


@contextmanager
def _local(address: str) -> Iterator[tuple[Path, Upload]]:
    """The dataset as a file of this machine, downloaded if it stands in S3."""
    if not address.startswith("s3://"):
        path = Path(address)
        # The time of the file may be any; what counts is when it was handed in.
        yield path, Upload(path.name, datetime.now(UTC))
        return
    bucket, _, key = address.removeprefix("s3://").partition("/")
    store = open_store(f"s3://{bucket}")
    found = store.head(key)
    with tempfile.NamedTemporaryFile(suffix=".csv") as file:
        with store.open(key, found.version_id) as stream:
            shutil.copyfileobj(stream, file)
        file.flush()
        yield Path(file.name), Upload(key, found.modified, found.version_id)


@contextmanager
def _progress() -> Iterator[Progress]:
    """A bar on a terminal, a line a step elsewhere."""
    if not sys.stderr.isatty():
        last = ""

        def line(what: str, done: int, of: int) -> None:
            nonlocal last
            if what != last:
                print(f"[{done}/{of}] {what}", file=sys.stderr, flush=True)
            last = what

        yield line
        return
    with tqdm(leave=False, bar_format="{desc:28} {bar} {n_fmt}/{total_fmt}") as bar:

        def move(what: str, done: int, of: int) -> None:
            bar.total = of
            bar.n = done
            bar.set_description_str(what)

        yield move


if __name__ == "__main__":
    sys.exit(main())
