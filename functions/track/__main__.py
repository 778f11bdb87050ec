"""Show models in MLflow by hand, such as after it was wiped: `python -m functions.track --help`."""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from functions.core.base.errors import LifeboatError, StoreUnavailable
from functions.core.registry.models import names
from functions.core.storage.contract import Store
from functions.core.storage.opening import open_store
from functions.core.storage.view import ModelStore
from functions.track.track import Tracked, read_state, track_model
from functions.track.tracker import Tracker, TrackingFailed

# Who watches asks MLflow only about what is new here, so that a server which rests may rest; and once a day,
# as the function does, whether it still shows all.
_ASK_AGAIN_SECONDS = 86_400.0


class _Shown(NamedTuple):
    """What was shown of a model last, when, and what was said of it."""

    state: Any
    at: float
    news: Any


_shown: dict[str, _Shown] = {}


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code: 0 done, 1 failed, 2 wrong use."""
    options = _parser().parse_args(arguments)
    try:
        store = open_store(options.store)
        tracker = Tracker(options.tracking_uri, options.store)
        _track(store, tracker, options)
        while options.watch:
            time.sleep(options.watch)
            try:
                _track(store, tracker, options)
            except (TrackingFailed, StoreUnavailable) as error:
                print(f"{error}; trying again", file=sys.stderr, flush=True)
    except (LifeboatError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _track(store: Store, tracker: Tracker, options: argparse.Namespace) -> None:
    """Show what is new of the models that are asked for, and say what is new since the last time."""
    for model in names(store) if options.all else options.model:
        view = ModelStore(store, model)
        # Read before it is shown: what changes meanwhile is new the next time.
        state, now = read_state(view), time.monotonic()
        before = _shown.get(model)
        if before and before.state == state and now - before.at < _ASK_AGAIN_SECONDS:
            continue
        tracked = track_model(view, tracker)
        news = (tracked.champion, tracked.damaged)
        if tracked.added or before is None or news != before.news:
            _print(tracked, options.tracking_uri)
        _shown[model] = _Shown(state, now, news)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m functions.track",
        description="Show the versions of models in MLflow; what it shows already stays as it is.",
    )
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--all", action="store_true", help="every model that has a champion or a schema")
    which.add_argument("--model", nargs="+", metavar="NAME", help="these models")
    uri, store = os.environ.get("LIFEBOAT_TRACKING_URI"), os.environ.get("LIFEBOAT_STORE")
    parser.add_argument(
        "--tracking-uri", default=uri, required=not uri, help="LIFEBOAT_TRACKING_URI by default"
    )
    parser.add_argument("--watch", type=float, metavar="SECONDS", help="go on, with so much time in between")
    parser.add_argument("--store", default=store, required=not store, help="LIFEBOAT_STORE by default")
    return parser


def _print(tracked: Tracked, uri: str) -> None:
    champion = tracked.champion or "none yet"
    print(f"{tracked.model}: {len(tracked.added)} versions added, champion {champion}", flush=True)
    for version, reason in tracked.damaged.items():
        print(f"  {version} is left out: {reason}")
    if tracked.run and uri.startswith("http"):
        print(f"  {uri.rstrip('/')}/#/experiments/{tracked.experiment}/runs/{tracked.run}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
