"""What a store has kept from earlier runs, in a few lines."""

from collections.abc import Callable

from functions.core.base.errors import NoChampion
from functions.core.registry import deployment
from functions.core.registry.models import names_in_service
from functions.core.storage.contract import Store
from functions.core.storage.view import ModelStore

# Each is read to be counted, and a run should not begin with a wait.
_MAX_COUNTED = 200


def say_kept(store: Store, say: Callable[[str], None]) -> None:
    """Say which models are in service since when, and how many predictions there are, if any.

    Raises `StoreUnavailable`, `UnusableModel`.
    """
    for name in names_in_service(store):
        try:
            champion, _ = deployment.read_champion(ModelStore(store, name))
        except NoChampion:
            continue
        since = f"{champion.promoted_at:%Y-%m-%d %H:%M} UTC"
        say(f"Kept       from {since}: model {name} version {champion.version}")
    if predictions := count_predictions(store):
        say(f"Kept       {predictions}")


def count_predictions(store: Store) -> str:
    """How many predictions the store has, or, where reading them takes long, in how many files they are."""
    keys = [entry.key for entry in store.list("predictions/")]
    if len(keys) > _MAX_COUNTED:
        return f"predictions in {len(keys):,} files"
    lines = 0
    for key in keys:
        with store.open(key) as stream:
            while chunk := stream.read(1 << 20):
                lines += chunk.count(b"\n")
    return f"{lines:,} prediction{'s' if lines != 1 else ''}" if lines else ""
