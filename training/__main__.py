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

from pydantic import ValidationError
from tqdm import tqdm

from functions.core.base.errors import LifeboatError
from functions.core.registry import versions
from functions.core.storage.opening import open_store
from training import models
from training.dataset import RefusedDataset, load_dataset
from training.evaluation import Progress, cross_validate
from training.gate import Limits
from training.pipeline import candidates
from training.publication import Upload, train_and_publish
from training.train import Configuration

TITANIC = Path(__file__).parent / "data" / "titanic.csv"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line. Returns the exit code: 0 done, 1 refused or failed, 2 wrong use, 130 stopped."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    # Without a command, train.
    if not words or (words[0].startswith("-") and words[0] not in ("-h", "--help")):
        words.insert(0, "train")
    options = _parser().parse_args(words)
    try:
        code: int = options.run(options)
        return code
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
    store = argparse.ArgumentParser(add_help=False)
    store.add_argument(
        "--store",
        default=os.environ.get("LIFEBOAT_STORE", "build/store"),
        help="where the models are: a folder, or s3://bucket (AWS_ENDPOINT_URL is honoured)",
    )
    data = argparse.ArgumentParser(add_help=False)
    data.add_argument(
        "--dataset",
        default=str(TITANIC),
        help="a CSV: a path, or s3://bucket/key (AWS_ENDPOINT_URL is honoured)",
    )
    data.add_argument("--seed", type=int, default=0, help="of the folds")

    parser = argparse.ArgumentParser(
        prog="python -m training", description="Train models offline, and see to those there are."
    )
    commands = parser.add_subparsers(title="commands", required=True)

    def command(name: str, what: str, *parents: argparse.ArgumentParser) -> argparse.ArgumentParser:
        show_defaults = argparse.ArgumentDefaultsHelpFormatter
        return commands.add_parser(
            name, help=what, description=what, parents=parents, formatter_class=show_defaults
        )

    what = "train a model, prove it, publish it and, if it is good enough, promote it (the default)"
    train = command("train", what, store, data)
    train.add_argument("--folds", type=_at_least(2), default=5, help="cross-validation folds")
    train.add_argument("--repeats", type=_at_least(1), default=1, help="repetitions of them")
    for name, limit in Limits.model_fields.items():
        option = "--" + name.replace("_", "-")
        train.add_argument(option, type=_limit(name), default=limit.default, help=limit.description)
    train.set_defaults(run=_train)

    evaluate = command("evaluate", "only compare the candidates, by cross-validation over all rows", data)
    evaluate.add_argument("--folds", type=_at_least(2), default=10, help="cross-validation folds")
    evaluate.add_argument("--repeats", type=_at_least(1), default=3, help="repetitions of them")
    evaluate.set_defaults(run=_evaluate)

    what = "list, show, compare, promote, roll back and delete the models there are"
    models.add_commands(command("models", what), store)
    return parser


def _at_least(least: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if int(text) < least:
            raise argparse.ArgumentTypeError(f"at least {least}, got {text}")
        return int(text)

    return number


def _limit(name: str) -> Callable[[str], float]:
    def number(text: str) -> float:
        try:
            value: float = getattr(Limits.model_validate({name: text}), name)
        except ValidationError as error:
            raise argparse.ArgumentTypeError(error.errors()[0]["msg"]) from None
        return value

    return number


def _train(options: argparse.Namespace) -> int:
    limits = Limits(**{name: getattr(options, name) for name in Limits.model_fields})
    store = open_store(options.store)
    store.create_bucket()
    with _progress() as progress, _local(options.dataset) as (path, upload):
        outcome = train_and_publish(
            store,
            upload,
            path,
            by="command line",
            configuration=Configuration(options.folds, options.repeats, options.seed),
            limits=limits,
            progress=progress,
        )
    print(f"{outcome.status}: {outcome.decision.reason}")
    if outcome.version is None:
        return 1
    manifest = versions.read_manifest(store, outcome.version)
    print(f"version      {manifest.version}")
    print(f"rule         {outcome.decision.rule}")
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


def _evaluate(options: argparse.Namespace) -> int:
    with _local(options.dataset) as (path, _):
        dataset = load_dataset(path)
    with _progress() as progress:
        found = cross_validate(
            candidates(len(dataset.matrix)),
            dataset.matrix,
            dataset.survived,
            folds=options.folds,
            repeats=options.repeats,
            seed=options.seed,
            progress=progress,
        )
    print(f"{options.folds}-fold x {options.repeats} cross-validation over all {len(dataset.matrix)} rows")
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
