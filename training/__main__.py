"""The command line of the offline side: `python -m training --help`."""

import argparse
import sys
from collections.abc import Sequence

from functions.core.base.errors import LifeboatError
from functions.core.schema.document.parsing import InvalidSchema
from training.commands import evaluate, models, schema, score, train
from training.commands.options import data_options, store_option
from training.table.dataset import RefusedDataset


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
    store, data = store_option(), data_options()
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
    train.add_options(command("train", purpose, store, data), limits=chosen == "train")

    purpose = "only compare the candidates, by cross-validation over all rows"
    evaluate.add_options(command("evaluate", purpose, data))

    purpose = "score the rows of files, by all cores of this machine or on Dask"
    score.add_options(command("score", purpose, store))

    schema.add_commands(command("schema", "infer the schema of a table, or check one"))
    purpose = "list, show, compare, promote, roll back and delete the models there are"
    models.add_commands(command("models", purpose), store)
    return parser


if __name__ == "__main__":
    sys.exit(main())
