"""Options that several commands take, and what the words after them may be."""

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from functions.core.base.errors import InvalidInput, LifeboatError
from functions.core.registry.models import check_model_name
from functions.core.schema.schema import Schema

# What reads tables is imported by the commands that do.
if TYPE_CHECKING:
    from training.table.local_file import LocalFile

POSITIVE = (
    "its values that count as yes, with commas between, where the schema is inferred; with it, the column "
    "may have more than two values. If not given, told by what they mean"
)


def store_option() -> argparse.ArgumentParser:
    """The parent of commands that read or write models."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument(
        "--store",
        default=os.environ.get("LIFEBOAT_STORE", "build/store"),
        help="where the models are: a folder, or s3://bucket (AWS_ENDPOINT_URL is honoured)",
    )
    return parser


def data_options() -> argparse.ArgumentParser:
    """The parent of commands that learn from a table."""
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
    parser.add_argument("--positive", metavar="VALUES", help=POSITIVE)
    parser.add_argument("--seed", type=int, default=0, help="of the folds")
    return parser


def given_schema(file: "LocalFile", options: argparse.Namespace) -> Schema | None:
    """The schema that was named, or lies beside the dataset; None where one is to be inferred.

    Raises `InvalidInput` for options that do not go together, `InvalidSchema`, `OSError`.
    """
    if options.schema and options.positive:
        raise InvalidInput(
            "--positive is for a schema that is inferred: name the values in target.positive of the schema"
        )
    return file.schema(options.schema, use_beside=options.target is None and options.positive is None)


def add_folds(parser: argparse.ArgumentParser, *, folds: int, repeats: int) -> None:
    """How candidates are compared; folds, repeats: the defaults."""
    parser.add_argument("--folds", type=_at_least(2), default=folds, help="cross-validation folds")
    parser.add_argument("--repeats", type=_at_least(1), default=repeats, help="repetitions of them")


def shipped_table() -> Path:
    """The table that Lifeboat comes with; its schema lies beside it."""
    [path] = (Path(__file__).parents[1] / "data").glob("*.csv")
    return path


def model_name(text: str) -> str:
    """The name of a model, for `argparse`."""
    try:
        return check_model_name(text)
    except LifeboatError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _at_least(least: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if int(text) < least:
            raise argparse.ArgumentTypeError(f"at least {least}, got {text}")
        return int(text)

    return number
