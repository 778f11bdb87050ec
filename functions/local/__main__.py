"""The command line of the local side: `python -m functions.local --help`."""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import ExitStack, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from functions.authorize.__main__ import main as authorize_main
from functions.core.base.errors import LifeboatError
from functions.core.storage.opening import open_store
from functions.local.asynchronous import Outcome
from functions.local.drift_story import tell_of_drift
from functions.local.openapi import DOCUMENT, as_text, describe_api
from functions.local.runner import PORT, STORE_PORT, Options, Running, exported, leading_to, running
from functions.local.state import BUILD, State, announced, find_runner
from functions.local.story import StoryFailed, by_hand, describe, tell
from functions.local.template import read_template
from functions.local.upload import upload

Story = Callable[[Running, "asyncio.Queue[Outcome]", Callable[[str], None]], Awaitable[None]]

LOG = BUILD / "local.log"
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line. Returns the exit code: 0 done, 1 failed, 2 wrong usage, 130 interrupted."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.command(options)
    except (LifeboatError, StoryFailed, OSError, RuntimeError, ValueError) as error:
        print(f"Failed: {error}", file=sys.stderr)
        return 1
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m functions.local",
        description="Run Lifeboat on this machine, as template.yaml declares it.",
        epilog="A store of your own is used when AWS_ENDPOINT_URL or LIFEBOAT_STORE names it.",
    )
    commands = parser.add_subparsers(required=True)
    for name, command, words in (
        ("run", _run, "start the store and the API, train, score a passenger, serve until Ctrl-C"),
        ("demo", _demo, "the same once, then stop"),
        (
            "demo-drift",
            _demo_drift,
            "let the passengers change until a better model is in service, then stop",
        ),
    ):
        sub = commands.add_parser(name, help=words, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
        sub.add_argument("--port", type=int, default=PORT, help="the API's port")
        sub.add_argument("--store-port", type=int, default=STORE_PORT, help="the embedded store's port")
        sub.set_defaults(command=command)
    commands.choices["run"].add_argument(
        "--every", type=_seconds, help="invoke the schedules every so many seconds, not when they say"
    )
    sub = commands.add_parser(
        "upload", help="upload a dataset to the running store and see what becomes of it"
    )
    sub.add_argument("file", type=Path, help="a CSV")
    sub.set_defaults(command=_upload)
    sub = commands.add_parser(
        "key", help="make, list and revoke keys of the running API (see python -m functions.authorize)"
    )
    sub.add_argument("arguments", nargs=argparse.REMAINDER, help="as for python -m functions.authorize")
    sub.set_defaults(command=_key)
    sub = commands.add_parser("openapi", help=f"write {DOCUMENT.name}, the document of the whole API")
    sub.set_defaults(command=_openapi)
    return parser


def _run(options: argparse.Namespace) -> int:
    def log(function: str, line: str) -> None:
        _say(f"{function} | {line}")

    what = Options(options.port, options.store_port, every=options.every)
    code = asyncio.run(_until_stopped(_serve(what, log)))
    if code == INTERRUPTED:
        _say("Stopped.")
        return 0
    return code


def _seconds(text: str) -> timedelta:
    if not float(text) > 0:
        raise argparse.ArgumentTypeError(f"more than 0, got {text}")
    return timedelta(seconds=float(text))


def _demo(options: argparse.Namespace) -> int:
    return _show(options, tell)


def _demo_drift(options: argparse.Namespace) -> int:
    # Predict looks for a new champion twice a minute; nobody wants to wait for that here.
    with exported({"LIFEBOAT_REFRESH_SECONDS": "1"}):
        return _show(options, tell_of_drift)


def _show(options: argparse.Namespace, story: Story) -> int:
    what = Options(options.port, options.store_port)
    LOG.parent.mkdir(exist_ok=True)
    with LOG.open("w") as log_file:

        def log(function: str, line: str) -> None:
            log_file.write(f"{function} | {line}\n")
            log_file.flush()

        try:
            return asyncio.run(_until_stopped(_show_once(what, story, log)))
        except (LifeboatError, StoryFailed):
            print(f"What the functions logged is in {LOG}", file=sys.stderr)
            raise


async def _serve(options: Options, log: Callable[[str, str], None]) -> int:
    outcomes: asyncio.Queue[Outcome] = asyncio.Queue()
    async with running(options, log, outcomes.put_nowait) as here:
        _say_moved(options, here)
        state = State(here.api, here.address, here.endpoint, here.embedded, os.getpid(), here.keys)
        with announced(state):
            await tell(here, outcomes, _say)
            _say("\n".join(["", *by_hand(here), ""]))
            _say("Another dataset retrains: make upload FILE=passengers.csv")
            _say('Another key: make key SCOPES=predict NOTE="who uses it"')
            _say("Serving until Ctrl-C.")
            while True:
                for sentence in describe(await outcomes.get()):
                    _say(sentence)


async def _show_once(options: Options, story: Story, log: Callable[[str, str], None]) -> int:
    outcomes: asyncio.Queue[Outcome] = asyncio.Queue()
    async with running(options, log, outcomes.put_nowait) as here:
        _say_moved(options, here)
        await story(here, outcomes, _say)
    return 0


def _upload(options: argparse.Namespace) -> int:
    runner = find_runner()
    address = os.environ.get("LIFEBOAT_STORE") or (runner.store if runner else None)
    if not address:
        print(
            "No runner was found. Start one with `make run`, or name a store in LIFEBOAT_STORE.",
            file=sys.stderr,
        )
        return 1
    with ExitStack() as stack:
        if runner and runner.embedded and not os.environ.get("LIFEBOAT_STORE"):
            stack.enter_context(exported(leading_to(str(runner.endpoint), "us-east-1")))
        try:
            return 0 if upload(open_store(address), options.file, _say) else 1
        except KeyboardInterrupt:
            return INTERRUPTED


def _key(options: argparse.Namespace) -> int:
    runner = find_runner()
    with ExitStack() as stack:
        if runner and runner.keys and not os.environ.get("LIFEBOAT_KEYS"):
            stack.enter_context(exported({"LIFEBOAT_KEYS": runner.keys}))
            if runner.embedded:
                stack.enter_context(exported(leading_to(str(runner.endpoint), "us-east-1")))
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
