"""The commands about a runner that is up, or about a store that the environment names."""

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from functions.authorize import __main__ as authorize
from functions.core.registry.models import check_model_name
from functions.core.storage.opening import open_store
from functions.core.storage.view import ModelStore
from functions.local.issuer import another_link
from functions.local.platform.template import read_template
from functions.local.process import environment
from functions.local.process.printing import note, say
from functions.local.process.state import State, find_runner, keys_reached, store_reached
from functions.local.runner import Options, declared
from functions.local.use.places import describe_keys, describe_runner, describe_store
from functions.local.use.scoring import own_key, result_path, score_file
from functions.local.use.tables import Table, table_of
from functions.local.use.upload import make_model, upload


def make_model_of_table(options: argparse.Namespace) -> int:
    table = table_of(options)
    runner = find_runner()
    with _reached(runner) as address:
        store = ModelStore(open_store(address), table.model)
        return 0 if make_model(store, table, runner.api if runner else "$API", say) else 1


def upload_dataset(options: argparse.Namespace) -> int:
    runner = find_runner()
    model = check_model_name(options.model or _default_model(runner))
    with _reached(runner) as address:
        store = ModelStore(open_store(address), model)
        return 0 if upload(store, Table(options.file, model), say) else 1


def score_table(options: argparse.Namespace) -> int:
    runner = find_runner()
    if runner is None:
        raise RuntimeError("no runner was found; start one with `make run`")
    api = f"{runner.api}/models/{check_model_name(options.model or runner.model)}"
    result = options.out or result_path(options.file)
    with store_reached(runner) as address, keys_reached(runner):
        note(describe_runner(runner))
        place = os.environ.get(environment.KEYS) if runner.keys else None
        with own_key(place, note) as headers:
            store = open_store(address)
            done = score_file(api, headers, store, options.file, result, explain=options.explain, say=say)
    return 0 if done else 1


@contextmanager
def _reached(runner: State | None) -> Iterator[str]:
    """The address of the store that a command is about, which it says first."""
    said = describe_store(runner)
    with store_reached(runner) as address:
        note(said)
        yield address


def _default_model(runner: State | None) -> str:
    """The model of the routes that name none: the runner's, or the environment's, or the template's."""
    if runner and not os.environ.get(environment.STORE):
        return runner.model
    named = os.environ.get(environment.DEFAULT_MODEL)
    return named or declared(read_template(Options().template), environment.DEFAULT_MODEL)


def manage_models(options: argparse.Namespace) -> int:
    with _reached(find_runner()):
        # Another program takes this one's place: training is not imported by what runs functions.
        command = [sys.executable, "-m", "training", "models", *options.arguments]
        os.execv(sys.executable, command)  # noqa: S606 - this Python, without a shell


def manage_keys(options: argparse.Namespace) -> int:
    asked = authorize.parse(options.arguments)
    # A stage is deployed: whatever runs on this machine, AWS is meant, with the settings of the caller.
    runner = None if asked.stage or os.environ.get(environment.KEYS) else find_runner()
    # The store as well, where there is one: a key may be for some models.
    store = store_reached(runner) if runner else nullcontext()
    with keys_reached(runner), store:
        place = authorize.place_of_keys(asked)
        note(describe_runner(runner) if runner else describe_keys(place))
        return authorize.run(asked, place)


def print_login_link(options: argparse.Namespace) -> int:
    runner = find_runner()
    if runner is None:
        raise RuntimeError("no runner was found; start one with `make run`")
    if runner.secret is None:
        raise RuntimeError(f"people of the runner at {runner.api} sign in elsewhere: LIFEBOAT_LOGIN_ISSUER")
    note(describe_runner(runner))
    say(another_link(runner.api, runner.secret, options.role))
    return 0
