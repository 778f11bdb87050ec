"""The command that only compares the candidates."""

import argparse
import sys

from functions.core.registry.models import suggest_model_name
from training.commands.options import add_folds, given_schema
from training.commands.progress import shown_progress
from training.table.dataset import load_dataset
from training.table.schemas import infer


def add_options(parser: argparse.ArgumentParser) -> None:
    """What the command takes, beside the data."""
    add_folds(parser, folds=10, repeats=3)
    parser.set_defaults(run=_evaluate)


def _evaluate(options: argparse.Namespace) -> int:
    from training.estimators.candidates import candidates
    from training.model.evaluation import cross_validate
    from training.table.local_file import local_file

    with local_file(*options.dataset) as file:
        schema = given_schema(file, options)
        if schema is None:
            name = suggest_model_name(file.upload.key)
            chosen = infer(file.source, target=options.target, positive=options.positive, name=name)
            for note in chosen.notes:
                print(f"note: {note}", file=sys.stderr)
            schema = chosen.schema
        dataset = load_dataset(file.source, schema)
    with shown_progress() as progress:
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
