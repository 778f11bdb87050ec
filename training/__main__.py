"""The command line of the offline side: `python -m training --help`."""

import argparse
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import Field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from functions.core.base.errors import LifeboatError
from functions.core.base.settings import parse
from functions.core.registry import versions
from functions.core.registry.manifest import Manifest
from functions.core.registry.models import check_model_name, suggest_model_name
from functions.core.schema.parsing import InvalidSchema
from functions.core.storage.opening import open_store
from functions.core.storage.view import ModelStore
from training import models, schema_commands
from training.cluster import options as cluster_options
from training.scoring import command as score
from training.table.dataset import RefusedDataset, load_dataset
from training.table.schemas import infer

# Whoever trains needs scikit-learn, which takes seconds and 150 MB; scoring has better uses for them.
if TYPE_CHECKING:
    from training.model.evaluation import Progress
    from training.publication.promotion import Outcome


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line. Returns the exit code: 0 done, 1 refused or failed, 2 wrong use, 130 stopped."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    # Without a command, train.
    if not words or (words[0].startswith("-") and words[0] not in ("-h", "--help")):
        words.insert(0, "train")
    options = _parser(words[0]).parse_args(words)
    try:
        code: int = options.run(options)
        return code
    except RefusedDataset as refusal:
        print(f"refused: {refusal}", *refusal.report.lines(), sep="\n", file=sys.stderr)
    except InvalidSchema as error:
        print(
            "the schema does not fit:", *(f"  {fault}" for fault in error.faults), sep="\n", file=sys.stderr
        )
    except (LifeboatError, OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    return 1


def _parser(chosen: str) -> argparse.ArgumentParser:
    """chosen: the command that was given. What the limits of training are is not looked up for others."""
    store, data = _store_option(), _data_options()
    parser = argparse.ArgumentParser(
        prog="python -m training", description="Train models offline, and see to those there are."
    )
    commands = parser.add_subparsers(title="commands", required=True)

    def command(name: str, purpose: str, *parents: argparse.ArgumentParser) -> argparse.ArgumentParser:
        show_defaults = argparse.ArgumentDefaultsHelpFormatter
        return commands.add_parser(
            name, help=purpose, description=purpose, parents=parents, formatter_class=show_defaults
        )

    purpose = "train a model, prove it, publish it and, if it is good enough, promote it (the default)"
    train = command("train", purpose, store, data)
    train.add_argument("--model", type=_model_name, help="the model's name; if not given, made of the file's")
    train.add_argument("--folds", type=_at_least(2), default=5, help="cross-validation folds")
    train.add_argument("--repeats", type=_at_least(1), default=1, help="repetitions of them")
    cluster_options.add_options(train)
    if chosen == "train":
        _add_limits(train)
    train.set_defaults(run=_train)

    evaluate = command("evaluate", "only compare the candidates, by cross-validation over all rows", data)
    evaluate.add_argument("--folds", type=_at_least(2), default=10, help="cross-validation folds")
    evaluate.add_argument("--repeats", type=_at_least(1), default=3, help="repetitions of them")
    evaluate.set_defaults(run=_evaluate)

    purpose = "score the rows of files, by all cores of this machine or on Dask"
    score.add_options(command("score", purpose, store))

    schema_commands.add_commands(command("schema", "infer the schema of a table, or check one"))
    purpose = "list, show, compare, promote, roll back and delete the models there are"
    models.add_commands(command("models", purpose), store)
    return parser


def _add_limits(parser: argparse.ArgumentParser) -> None:
    from training.gate.rules import Limits

    for limit in fields(Limits):
        option = "--" + limit.name.replace("_", "-")
        parser.add_argument(
            option, type=_setting(limit), default=limit.default, help=limit.metadata["description"]
        )


def _store_option() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument(
        "--store",
        default=os.environ.get("LIFEBOAT_STORE", "build/store"),
        help="where the models are: a folder, or s3://bucket (AWS_ENDPOINT_URL is honoured)",
    )
    return parser


def _data_options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument(
        "--dataset",
        nargs="+",
        default=[str(shipped_table())],
        metavar="FILE",
        help="a table, in text or in Parquet: a path, or s3://bucket/key (AWS_ENDPOINT_URL is honoured); or "
        "several files or a folder of them, which are one table",
    )
    schema = parser.add_mutually_exclusive_group()
    schema.add_argument(
        "--schema",
        type=Path,
        help="the file with its schema; if not given, FILE.schema.json beside the dataset, or the model's, "
        "or inferred",
    )
    schema.add_argument("--target", help="the column to predict, where the schema is inferred")
    parser.add_argument("--seed", type=int, default=0, help="of the folds")
    return parser


def shipped_table() -> Path:
    """The table that Lifeboat comes with; its schema lies beside it."""
    [path] = (Path(__file__).parent / "data").glob("*.csv")
    return path


def _at_least(least: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if int(text) < least:
            raise argparse.ArgumentTypeError(f"at least {least}, got {text}")
        return int(text)

    return number


def _setting(known: Field[Any]) -> Callable[[str], Any]:
    def value(text: str) -> Any:
        try:
            return parse(known, text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return value


def _model_name(text: str) -> str:
    try:
        return check_model_name(text)
    except LifeboatError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _train(options: argparse.Namespace) -> int:
    from training.gate.rules import Limits
    from training.model.train import Configuration
    from training.publication.upload import train_and_publish
    from training.table.local_file import local_file

    limits = Limits(**{limit.name: getattr(options, limit.name) for limit in fields(Limits)})
    store = open_store(options.store)
    store.create_bucket()
    opened = local_file(*options.dataset, is_shared=options.cluster is not None)
    with (
        _progress() as progress,
        opened as file,
        cluster_options.chosen_engine(options, progress) as engine,
    ):
        model = ModelStore(store, options.model or suggest_model_name(file.upload.key))
        outcome = train_and_publish(
            model,
            file.upload,
            file.source,
            by="command line",
            schema=file.schema(options.schema, use_beside=options.target is None),
            target=options.target,
            configuration=Configuration(options.folds, options.repeats, options.seed),
            limits=limits,
            engine=engine,
            progress=progress,
        )
    print(f"{outcome.status}: {outcome.decision.reason}")
    for line in outcome.report.lines():
        print(line)
    if outcome.version is None:
        return 1
    _print_version(versions.read_manifest(model, outcome.version), outcome)
    return 0


def _print_version(manifest: Manifest, outcome: "Outcome") -> None:
    print(f"version      {manifest.version} of {manifest.name}")
    print(f"rule         {outcome.decision.rule}")
    print(f"dataset      {manifest.dataset.rows} rows, {manifest.dataset.rejected_rows} left out")
    print(f"model        {manifest.model}")
    for name, metric in manifest.metrics.items():
        print(f"  {name:18} {metric.value:.4f}  (95 % {metric.low:.4f} to {metric.high:.4f})")
    proof = manifest.certificate
    rows = proof.rows + proof.edge_rows
    print(f"certificate  {rows} rows, largest difference {proof.largest_difference:.1e}")
    print(f"model.onnx   sha256 {manifest.files['model.onnx'].sha256}")


def _evaluate(options: argparse.Namespace) -> int:
    from training.estimators.candidates import candidates
    from training.model.evaluation import cross_validate
    from training.table.local_file import local_file

    with local_file(*options.dataset) as file:
        schema = file.schema(options.schema, use_beside=options.target is None)
        if schema is None:
            name = suggest_model_name(file.upload.key)
            chosen = infer(file.source, target=options.target, name=name)
            for note in chosen.notes:
                print(f"note: {note}", file=sys.stderr)
            schema = chosen.schema
        dataset = load_dataset(file.source, schema)
    with _progress() as progress:
        evaluated = cross_validate(
            candidates(schema.features, len(dataset.matrix)),
            dataset.matrix,
            dataset.outcome,
            schema,
            folds=options.folds,
            repeats=options.repeats,
            seed=options.seed,
            progress=progress,
        )
    print(f"{options.folds}-fold x {options.repeats} cross-validation over all {len(dataset.matrix)} rows")
    width = max(map(len, evaluated))
    print(f"{'model':{width}} ROC AUC  log loss   Brier")
    for name, metrics in sorted(evaluated.items(), key=lambda item: item[1]["log_loss"]):
        print(
            f"{name:{width}}  {metrics['roc_auc']:.4f}    {metrics['log_loss']:.4f}  {metrics['brier']:.4f}"
        )
    return 0


@contextmanager
def _progress() -> "Iterator[Progress]":
    """A bar on a terminal, a line a step elsewhere; no step begins after Ctrl-C."""
    stopped = False

    def stop(_number: int, _frame: object) -> None:
        nonlocal stopped
        stopped = True
        raise KeyboardInterrupt

    # What is raised while a library is called back from C is lost there: so each step asks once more.
    before = signal.signal(signal.SIGINT, stop)
    try:
        with _shown() as show:

            def step(step_name: str, done: int, of: int) -> None:
                if stopped:
                    raise KeyboardInterrupt
                show(step_name, done, of)

            yield step
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _shown() -> "Iterator[Progress]":
    if not sys.stderr.isatty():
        last = ""

        def line(step_name: str, done: int, of: int) -> None:
            nonlocal last
            if step_name != last:
                print(f"[{done}/{of}] {step_name}", file=sys.stderr, flush=True)
            last = step_name

        yield line
        return
    with tqdm(leave=False, bar_format="{desc:28} {bar} {n_fmt}/{total_fmt}") as bar:

        def move(step_name: str, done: int, of: int) -> None:
            bar.total = of
            bar.n = done
            bar.set_description_str(step_name)

        yield move


if __name__ == "__main__":
    sys.exit(main())
