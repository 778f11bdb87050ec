"""The command line of the local side: `python -m functions.local --help`."""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from functions.authorize.__main__ import main as authorize_main
from functions.core.base.errors import LifeboatError
from functions.core.registry.models import check_model_name
from functions.core.storage.opening import open_store
from functions.core.storage.view import ModelStore
from functions.local import environment
from functions.local.drift_story import tell_of_drift
from functions.local.environment import exported
from functions.local.function_process import Outcome
from functions.local.openapi import DOCUMENT, as_text, describe_api
from functions.local.runner import PORT, STORE_PORT, Options, Running, declared, running
from functions.local.state import BUILD, State, announced, find_runner, keys_reached, store_reached
from functions.local.story import SHIPPED, StoryFailed, by_hand, describe, tell
from functions.local.tables import Table
from functions.local.template import read_template
from functions.local.upload import make_model, upload

Story = Callable[[Running, "asyncio.Queue[Outcome]", Callable[[str], None], Table], Awaitable[Any]]

Command = Callable[[argparse.Namespace], int]

LOG = BUILD / "local.log"
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line. Returns the exit code: 0 done, 1 failed, 2 wrong usage, 130 interrupted."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.command(options)
    except OSError as error:
        said = f"{error.filename}: {error.strerror}" if error.filename else error
        print(f"Failed: {said}", file=sys.stderr)
        return 1
    except (LifeboatError, StoryFailed, RuntimeError, ValueError) as error:
        print(f"Failed: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m functions.local",
        description="Run Lifeboat on this machine, as template.yaml declares it.",
        epilog="A store of your own is used when AWS_ENDPOINT_URL or LIFEBOAT_STORE names it.",
    )
    commands = parser.add_subparsers(required=True)
    ports = argparse.ArgumentParser(add_help=False)
    ports.add_argument("--port", type=int, default=PORT, help="the API's port")
    ports.add_argument("--store-port", type=int, default=STORE_PORT, help="the embedded store's port")
    schema = argparse.ArgumentParser(add_help=False)
    schema.add_argument("--target", help="the column to predict; else the one whose name shows it")
    schema.add_argument("--schema", type=Path, help="the file of the schema; it is inferred when left out")
    table = argparse.ArgumentParser(add_help=False, parents=[schema])
    table.add_argument("--file", type=Path, help="a table of your own in place of the one that is shipped")
    table.add_argument("--name", help="the name of its model, such as churn")

    def command(name: str, run: Command, words: str, *parents: argparse.ArgumentParser) -> Any:
        sub = commands.add_parser(name, help=words, description=words, parents=parents)
        sub.set_defaults(command=run)
        return sub

    words = "start the store and the API, train, score a row, serve until Ctrl-C"
    run = command("run", _run, words, ports, table)
    run.add_argument(
        "--every", type=_seconds, help="invoke the schedules every so many seconds, not when they say"
    )
    command("demo", _demo, "the same once, then stop", ports, table)
    words = "let what is asked change until a better model is in service, then stop"
    command("demo-drift", _demo_drift, words, ports)
    words = "make a model of a table in the running store, and say how to ask it"
    sub = command("model", _model, words, schema)
    sub.add_argument("file", type=Path, help="the table, such as churn.csv")
    sub.add_argument("--name", required=True, help="the name of the model, such as churn")
    sub = command("upload", _upload, "upload another dataset to the running store and see what becomes of it")
    sub.add_argument("file", type=Path, help="the table, such as more.csv")
    sub.add_argument("--model", help="the model it is for; the default one when left out")
    for name, run_it, words in (
        ("models", _models, "list, compare, promote and roll back versions (see python -m training models)"),
        ("key", _key, "make, list and revoke keys of the running API (see python -m functions.authorize)"),
    ):
        sub = command(name, run_it, words)
        sub.add_argument("arguments", nargs=argparse.REMAINDER, help="as they are there")
    command("openapi", _openapi, f"write {DOCUMENT.name}, the document of the whole API")
    return parser


def _seconds(text: str) -> timedelta:
    if not float(text) > 0:
        raise argparse.ArgumentTypeError(f"more than 0, got {text}")
    return timedelta(seconds=float(text))


def _run(options: argparse.Namespace) -> int:
    def log(function: str, line: str) -> None:
        _say(f"{function} | {line}")

    table = _table(options)
    what = Options(options.port, options.store_port, every=options.every, model=_own_model(table))
    code = asyncio.run(_until_stopped(_serve(what, table, log)))
    if code == INTERRUPTED:
        _say("Stopped.")
        return 0
    return code


def _table(options: argparse.Namespace) -> Table:
    """The table that a command is about. Raises `ValueError` for options that do not go together."""
    if options.file is None:
        if options.name or options.target or options.schema:
            raise ValueError("a name, a target and a schema are of a table: say which with --file (FILE=...)")
        return SHIPPED
    if not options.name:
        raise ValueError("a table needs a name for its model, such as --name churn (NAME=churn)")
    return Table(options.file, check_model_name(options.name), options.schema, options.target)


def _own_model(table: Table) -> str | None:
    """The model that the routes without a name are about; None where the environment or the template says."""
    return None if table == SHIPPED else table.model


def _demo(options: argparse.Namespace) -> int:
    return _show(options, tell, _table(options))


def _demo_drift(options: argparse.Namespace) -> int:
    # Predict looks for a new champion twice a minute; nobody wants to wait for that here.
    with exported({"LIFEBOAT_REFRESH_SECONDS": "1"}):
        return _show(options, tell_of_drift, SHIPPED)


def _show(options: argparse.Namespace, story: Story, table: Table) -> int:
    what = Options(options.port, options.store_port, model=_own_model(table))
    LOG.parent.mkdir(exist_ok=True)
    with LOG.open("w") as log_file:

        def log(function: str, line: str) -> None:
            log_file.write(f"{function} | {line}\n")
            log_file.flush()

        try:
            return asyncio.run(_until_stopped(_show_once(what, story, table, log)))
        except (LifeboatError, StoryFailed):
            print(f"What the functions logged is in {LOG}", file=sys.stderr)
            raise


async def _serve(options: Options, table: Table, log: Callable[[str, str], None]) -> int:
    outcomes: asyncio.Queue[Outcome] = asyncio.Queue()
    async with running(options, log, outcomes.put_nowait) as here:
        _say_moved(options, here)
        state = State(
            here.api, here.address, here.endpoint, here.embedded, here.model, os.getpid(), here.keys
        )
        with announced(state):
            manifest = await tell(here, outcomes, _say, table)
            _say("\n".join(["", *by_hand(here, table, manifest), ""]))
            _say("Another table makes another model: make model FILE=churn.csv NAME=churn TARGET=churned")
            _say("Another dataset retrains this one: make upload FILE=more.csv")
            _say('Another key: make key SCOPES=predict NOTE="who uses it"')
            _say("Serving until Ctrl-C.")
            while True:
                for sentence in describe(await outcomes.get()):
                    _say(sentence)


async def _show_once(options: Options, story: Story, table: Table, log: Callable[[str, str], None]) -> int:
    outcomes: asyncio.Queue[Outcome] = asyncio.Queue()
    async with running(options, log, outcomes.put_nowait) as here:
        _say_moved(options, here)
        await story(here, outcomes, _say, table)
    return 0


def _model(options: argparse.Namespace) -> int:
    table = Table(options.file, check_model_name(options.name), options.schema, options.target)
    runner = find_runner()
    with store_reached(runner) as address:
        store = ModelStore(open_store(address), table.model)
        return 0 if make_model(store, table, runner.api if runner else "$API", _say) else 1


def _upload(options: argparse.Namespace) -> int:
    runner = find_runner()
    model = check_model_name(options.model or _default_model(runner))
    with store_reached(runner) as address:
        store = ModelStore(open_store(address), model)
        return 0 if upload(store, Table(options.file, model), _say) else 1


def _default_model(runner: State | None) -> str:
    """The model of the routes that name none: the runner's, or the environment's, or the template's."""
    if runner and not os.environ.get(environment.STORE):
        return runner.model
    named = os.environ.get(environment.DEFAULT_MODEL)
    return named or declared(read_template(Options().template), environment.DEFAULT_MODEL)


def _models(options: argparse.Namespace) -> int:
    with store_reached(find_runner()):
        # Another program takes this one's place: training is not imported by what runs functions.
        command = [sys.executable, "-m", "training", "models", *options.arguments]
        os.execv(sys.executable, command)  # noqa: S606 - this Python, without a shell


def _key(options: argparse.Namespace) -> int:
    with keys_reached(find_runner()):
        return authorize_main(options.arguments)


def _openapi(_: argparse.Namespace) -> int:
    document = asyncio.run(describe_api(read_template(Options().template)))
    DOCUMENT.write_text(as_text(document), encoding="utf-8")
    _say(f"{DOCUMENT.name}: {len(document['paths'])} paths")
    return 0


async def _until_stopped(work: Coroutine[Any, Any, int]) -> int:
    """Do `work`. When a signal asks to stop, cancel it, let it clean up and return `INTERRUPTED`."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    working, stopping = asyncio.create_task(work), asyncio.create_task(stop.wait())
    await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if working.done():
        return working.result()
    working.cancel()
    with suppress(asyncio.CancelledError):
        await working
    return INTERRUPTED


def _say_moved(options: Options, here: Running) -> None:
    wanted = [("API", options.port, here.api)]
    if here.embedded:
        wanted.append(("store", options.store_port, str(here.endpoint)))
    for what, port, url in wanted:
        if port and not url.endswith(f":{port}"):
            _say(f"Port {port} is taken: the {what} is at {url} instead.")


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
