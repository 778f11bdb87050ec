"""The command line of the local side: `python -m functions.local --help`."""

import argparse
import asyncio
import sys
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from functions.core.base.errors import LifeboatError
from functions.local.asking import (
    make_model_of_table,
    manage_keys,
    manage_models,
    print_login_link,
    score_table,
    upload_dataset,
)
from functions.local.issuer import PEOPLE
from functions.local.platform.template import read_template
from functions.local.process.printing import say
from functions.local.process.stopping import INTERRUPTED
from functions.local.reset import reset
from functions.local.runner import PORT, STORE_PORT, Options, StoreLost
from functions.local.serving import run_until_stopped, show_demo, show_drift
from functions.local.store.folder import KEPT
from functions.local.story.loop import StoryFailed
from functions.local.tools.openapi import DOCUMENT, as_text, describe_api

Command = Callable[[argparse.Namespace], int]
Parser = argparse.ArgumentParser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line. Returns the exit code: 0 done, 1 failed, 2 wrong usage, 130 interrupted."""
    options = parser().parse_args(arguments)
    try:
        code: int = options.command(options)
    except OSError as error:
        said = f"{error.filename}: {error.strerror}" if error.filename else error
        print(f"Failed: {said}", file=sys.stderr)
        return 1
    except (LifeboatError, StoryFailed, StoreLost, RuntimeError, ValueError) as error:
        print(f"Failed: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    return code


def parser() -> Parser:
    """What the command line takes: the function of a command is its `command`."""
    parser = Parser(
        prog="python -m functions.local",
        description="Run Lifeboat on this machine, as template.yaml declares it.",
        epilog="A store of your own is used when AWS_ENDPOINT_URL or LIFEBOAT_STORE names it.",
    )
    commands = parser.add_subparsers(required=True)

    def command(name: str, run: Command, words: str, *parents: Parser) -> Parser:
        sub: Parser = commands.add_parser(name, help=words, description=words, parents=parents)
        sub.set_defaults(command=run)
        return sub

    ports, schema = _ports(), _schema()
    _add_starting(command, ports, _table(schema))
    _add_asking(command, schema)
    words = "delete what `run` has kept, once it is stopped; asks first"
    sub = command("reset", reset, words)
    sub.add_argument("--folder", type=Path, default=KEPT, help="where it was kept; .lifeboat when left out")
    sub.add_argument("--yes", action="store_true", help="do not ask")
    command("openapi", _write_openapi, f"write {DOCUMENT.name}, the document of the whole API")
    return parser


def _ports() -> Parser:
    ports = Parser(add_help=False)
    ports.add_argument("--port", type=int, default=PORT, help="the API's port")
    ports.add_argument("--store-port", type=int, default=STORE_PORT, help="the embedded store's port")
    return ports


def _schema() -> Parser:
    schema = Parser(add_help=False)
    schema.add_argument("--target", help="the column to predict; else the one whose name shows it")
    words = "its values that count as yes, with commas between: of two or more; else the one that shows it"
    schema.add_argument("--positive", metavar="VALUES", help=words)
    schema.add_argument("--schema", type=Path, help="the file of the schema; it is inferred when left out")
    return schema


def _table(schema: Parser) -> Parser:
    table = Parser(add_help=False, parents=[schema])
    table.add_argument("--file", type=Path, help="a table of your own in place of the one that is shipped")
    table.add_argument("--name", help="the name of its model, such as churn")
    return table


def _add_starting(command: Callable[..., Parser], ports: Parser, table: Parser) -> None:
    words = "start the store and the API, train, score a row, serve until Ctrl-C"
    run = command("run", run_until_stopped, words, ports, table)
    run.add_argument(
        "--every", type=_seconds, help="invoke the schedules every so many seconds, not when they say"
    )
    run.add_argument(
        "--folder", type=Path, help="where everything is kept between runs; .lifeboat when left out"
    )
    run.add_argument("--forget", action="store_true", help="keep nothing: the store is in memory")
    words = "log a line for each request: method, path, status, milliseconds; no query, no header, no body"
    run.add_argument("--log-requests", action="store_true", help=words)
    words = (
        "run this function, such as predict, in the runner's own process, where breakpoint() opens pdb and "
        "a debugger of the runner stops; without a limit of time"
    )
    run.add_argument("--debug", metavar="FUNCTION", help=words)
    run.add_argument(
        "--rest-after",
        type=_seconds,
        default=timedelta(minutes=30),
        metavar="SECONDS",
        help="end the process of a function that nobody has used for so long (1800), until the next request",
    )
    words = "a site whose pages may call the API, such as http://localhost:5173; once for each, * for all"
    run.add_argument("--allow-origin", action="append", default=[], metavar="ORIGIN", help=words)
    command("demo", show_demo, "the same once, then stop", ports, table)
    words = "let what is asked change until a better model is in service, then stop"
    command("demo-drift", show_drift, words, ports)


def _add_asking(command: Callable[..., Parser], schema: Parser) -> None:
    words = "make a model of a table in the running store, and say how to ask it"
    sub = command("model", make_model_of_table, words, schema)
    sub.add_argument("file", type=Path, help="the table, such as churn.csv")
    sub.add_argument("--name", required=True, help="the name of the model, such as churn")
    words = "upload another dataset to the running store and see what becomes of it"
    sub = command("upload", upload_dataset, words)
    sub.add_argument("file", type=Path, help="the table, such as more.csv")
    sub.add_argument("--model", help="the model it is for; the default one when left out")
    sub = command("score", score_table, "have a file scored by the running API, and fetch the result")
    sub.add_argument("file", type=Path, help="the table, such as march.csv or march.csv.gz")
    sub.add_argument("--model", help="the model that scores it; the default one when left out")
    sub.add_argument("--out", type=Path, help="where the result is written; beside the file when left out")
    sub.add_argument("--explain", action="store_true", help="add to each row what each feature contributed")
    for name, run_it, words in (
        ("models", manage_models, "list, compare, promote, roll back versions (python -m training models)"),
        ("key", manage_keys, "make, list and revoke keys of the running API (python -m functions.authorize)"),
    ):
        sub = command(name, run_it, words)
        sub.add_argument("arguments", nargs=argparse.REMAINDER, help="as they are there")
    sub = command("login", print_login_link, "print a link that signs in to the running API's pages, once")
    sub.add_argument("--role", default="administrator", choices=PEOPLE, help="as whom; an administrator else")


def _seconds(text: str) -> timedelta:
    if not float(text) > 0:
        raise argparse.ArgumentTypeError(f"more than 0, got {text}")
    return timedelta(seconds=float(text))


def _write_openapi(_: argparse.Namespace) -> int:
    document: dict[str, Any] = asyncio.run(describe_api(read_template(Options().template)))
    DOCUMENT.write_text(as_text(document), encoding="utf-8")
    say(f"{DOCUMENT.name}: {len(document['paths'])} paths")
    return 0


if __name__ == "__main__":
    sys.exit(main())
