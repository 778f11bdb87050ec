"""The command that trains, publishes and promotes."""

import argparse
from collections.abc import Callable
from dataclasses import Field, fields
from typing import TYPE_CHECKING, Any

from functions.core.base.settings import parse
from functions.core.registry import versions
from functions.core.registry.manifest import Manifest
from functions.core.registry.models import suggest_model_name
from functions.core.storage.opening import open_store
from functions.core.storage.view import ModelStore
from training.commands import cluster_options
from training.commands.options import add_folds, given_schema, model_name
from training.commands.progress import shown_progress

# Whoever trains needs scikit-learn, which takes seconds and 150 MB; other commands have better uses for them.
if TYPE_CHECKING:
    from training.publication.promotion import Outcome


def add_options(parser: argparse.ArgumentParser, *, limits: bool) -> None:
    """What the command takes, beside the store and the data. limits: whether those of the gate are added, for
    which scikit-learn is imported."""
    parser.add_argument("--model", type=model_name, help="the model's name; if not given, made of the file's")
    add_folds(parser, folds=5, repeats=1)
    cluster_options.add_options(parser)
    if limits:
        _add_limits(parser)
    parser.set_defaults(run=_train)


def _add_limits(parser: argparse.ArgumentParser) -> None:
    from training.gate.rules import Limits

    for limit in fields(Limits):
        option = "--" + limit.name.replace("_", "-")
        parser.add_argument(
            option, type=_setting(limit), default=limit.default, help=limit.metadata["description"]
        )


def _setting(known: Field[Any]) -> Callable[[str], Any]:
    def value(text: str) -> Any:
        try:
            return parse(known, text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return value


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
        shown_progress() as progress,
        opened as file,
        cluster_options.chosen_engine(options, progress) as engine,
    ):
        model = ModelStore(store, options.model or suggest_model_name(file.upload.key))
        outcome = train_and_publish(
            model,
            file.upload,
            file.source,
            by="command line",
            schema=given_schema(file, options),
            target=options.target,
            positive=options.positive,
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
