"""The command line of the keys: `python -m functions.authorize --help`."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from functions.core.base.errors import LifeboatError
from functions.core.identity.caller import SCOPES
from functions.core.identity.key_list import add, all_keys, revoke
from functions.core.identity.keys import Key, make_key
from functions.core.registry.missing_models import note_missing_models
from functions.core.storage.opening import open_store
from functions.core.storage.parameter import Parameter
from functions.core.storage.parameter_opening import open_parameter


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line. Returns the exit code: 0 done, 1 failed, 2 wrong usage."""
    options = parse(arguments)
    return run(options, place_of_keys(options))


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """What the command line asks for: `stage`, or None, and what `run` does. Exits with 2 for wrong usage."""
    return _parser().parse_args(arguments)


def place_of_keys(options: argparse.Namespace) -> str:
    """Where the keys are that `options` are about: those of a stage, or those that LIFEBOAT_KEYS names.

    Exits with 2 when nothing says.
    """
    place = f"ssm:/lifeboat/{options.stage}/keys" if options.stage else os.environ.get("LIFEBOAT_KEYS")
    if not place:
        _parser().error(
            "whose keys? Start `make run`, name a stage with --stage, or the place in LIFEBOAT_KEYS"
        )
    return place


def run(options: argparse.Namespace, place: str) -> int:
    """Do what `options` ask for with the keys at `place`. Returns the exit code: 0 done, 1 failed."""
    try:
        code: int = options.command(open_parameter(place), options, datetime.now(UTC))
    except (LifeboatError, ValueError) as error:
        print(f"Failed: {error}", file=sys.stderr)
        return 1
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m functions.authorize", description="Make, list and revoke keys of the API."
    )
    commands = parser.add_subparsers(required=True)
    stage = argparse.ArgumentParser(add_help=False)
    stage.add_argument("--stage", help="a deployed stage, such as dev; else LIFEBOAT_KEYS names the place")

    sub = commands.add_parser("create", parents=[stage], help="make a key and show it, once")
    sub.add_argument(
        "--scopes",
        required=True,
        help=f"one or more of {', '.join(SCOPES)}; read: manifests, datasets, reports; admin includes all",
    )
    sub.add_argument("--note", required=True, help="who uses it, and what for")
    sub.add_argument("--models", help="those it is for, such as churn,fraud; all when left out")
    sub.add_argument("--days", type=int, help="until it expires; it does not when left out")
    sub.set_defaults(command=_create)

    sub = commands.add_parser("list", parents=[stage], help="show what is known of each key; never the key")
    sub.add_argument("--json", action="store_true", help="for programs")
    sub.set_defaults(command=_list)

    sub = commands.add_parser("revoke", parents=[stage], help="end a key for good")
    sub.add_argument("id", help="the 8 characters after lb_")
    sub.set_defaults(command=_revoke)
    return parser


def _create(parameter: Parameter, options: argparse.Namespace, now: datetime) -> int:
    models = _words(options.models or "")
    if options.models is not None and not models:
        # A variable that was not set, say, must not make a key for all models.
        raise ValueError("--models names none; leave it out for a key that is for all models")
    text, key = make_key(_words(options.scopes), options.note, now, options.days, models)
    add(parameter, key, now)
    # The key alone on standard output, so that a script can take it from there.
    print(text, flush=True)
    until = f"until {_iso(key.expires)}" if key.expires else "until it is revoked"
    _explain(f"This is shown once: only a hash is kept. Scopes: {', '.join(key.scopes)}; {until}.")
    if key.models:
        _explain(f"It is for these models alone: {', '.join(key.models)}.")
        _explain_unknown_models(key, None if options.stage else os.environ.get("LIFEBOAT_STORE"))
    _explain("It counts within a minute. Send it in the header x-api-key, never in an address.")
    return 0


def _explain_unknown_models(key: Key, address: str | None) -> None:
    """Say which of the models of a key the store at `address` does not have: a name may be one to come, or a
    slip."""
    if address is None:
        _explain("Whether there are such models was not looked up: GET /models lists those there are.")
        return
    try:
        missing = note_missing_models(open_store(address), key.models)
    except (LifeboatError, ValueError) as error:
        _explain(f"Whether there are such models could not be looked up: {error}.")
        return
    for sentence in missing:
        _explain(f"{sentence} If it is a slip, `revoke {key.id}` ends this key; then make another.")


def _words(text: str) -> list[str]:
    return text.replace(",", " ").split()


def _list(parameter: Parameter, options: argparse.Namespace, now: datetime) -> int:
    keys = sorted(all_keys(parameter).values(), key=lambda key: key.created)
    if options.json:
        print(json.dumps([_described(key, now) for key in keys], indent=2))
        return 0
    if not keys:
        _explain("There are no keys, so every request is refused. Make one with `create`.")
        return 0
    row = "{:<8}  {:<7}  {:<22}  {:<20}  {:<20}  {:<16}  {}".format
    print(row("id", "state", "scopes", "created", "ends", "models", "note"))
    for key in keys:
        ends = key.ended(now) or key.expires
        times = _iso(key.created), _iso(ends) if ends else "never"
        models = ",".join(key.models) or "all"
        print(row(key.id, key.state(now), " ".join(key.scopes), *times, models, key.note))
    return 0


def _revoke(parameter: Parameter, options: argparse.Namespace, now: datetime) -> int:
    key = revoke(parameter, options.id, now)
    _explain(f"Revoked: {key.id} ({key.note}). A warm authorizer lets it in for another minute at most.")
    return 0


def _described(key: Key, now: datetime) -> dict[str, object]:
    """What may be known of a key: neither its secret, which nobody has, nor its hash."""
    return {
        "id": key.id,
        "state": key.state(now),
        "scopes": list(key.scopes),
        "models": list(key.models) or None,
        "note": key.note,
        "created": _iso(key.created),
        "expires": _iso(key.expires) if key.expires else None,
        "revoked": _iso(key.revoked) if key.revoked else None,
    }


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _explain(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
