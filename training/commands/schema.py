"""The commands about schemas: infer one from a table, to be edited, and say what is wrong with one."""

import argparse
import sys
from pathlib import Path

from functions.core.registry.models import suggest_model_name
from functions.core.schema.document.parsing import read_schema
from functions.core.schema.schema import Schema
from training.commands.options import POSITIVE
from training.table.dataset import load_dataset
from training.table.schemas import infer


def add_commands(parser: argparse.ArgumentParser) -> None:
    """Give `parser` a command for each function below."""
    commands = parser.add_subparsers(title="commands", required=True)
    purpose = (
        "print the schema of a table as JSON, to be edited; what had to be decided goes to standard error"
    )
    command = commands.add_parser("infer", help=purpose, description=purpose)
    command.add_argument("file", type=Path, help="the table")
    command.add_argument("--target", help="the column to predict; if not given, it is told by its name")
    command.add_argument("--positive", metavar="VALUES", help=POSITIVE)
    command.add_argument("--name", help="the model's name; if not given, made of the file's")
    command.set_defaults(run=_infer)
    purpose = "say what is wrong with a schema, or that it is fine"
    command = commands.add_parser("check", help=purpose, description=purpose)
    command.add_argument("file", type=Path, help="the schema, as JSON")
    command.add_argument("--dataset", type=Path, help="a table to be read by it")
    command.set_defaults(run=_check)


def _infer(options: argparse.Namespace) -> int:
    name = options.name or suggest_model_name(options.file.name)
    chosen = infer(options.file, target=options.target, positive=options.positive, name=name)
    for note in chosen.notes:
        print(note, file=sys.stderr)
    print(chosen.schema.as_json().decode())
    return 0


def _check(options: argparse.Namespace) -> int:
    schema = read_schema(options.file.read_bytes())
    print(f"{options.file} is fine")
    _print_summary(schema)
    if options.dataset:
        dataset = load_dataset(options.dataset, schema)
        positives = dataset.outcome.sum()
        print(f"{options.dataset} fits it: {len(dataset.outcome)} rows, {positives} of them positive")
        for line in dataset.report.lines():
            print(line)
    return 0


def _print_summary(schema: Schema) -> None:
    negative, positive = schema.target.answers
    print(f"predicts     {schema.target.name}: {positive} rather than {negative}")
    print(f"features     {', '.join(schema.names)}")
    required = [field.name for field in schema.features if field.required]
    for kind, names in (
        ("required", required),
        ("ignored", schema.ignored),
        ("slices", schema.slices),
        ("derived", [derived.name for derived in schema.derived]),
        ("expects", [expected.because for expected in schema.expectations]),
    ):
        if names:
            print(f"{kind:12} {', '.join(names)}")
    for note in schema.notes:
        print(f"note         {note}")
