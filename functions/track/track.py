"""Has MLflow show what the store holds, one way: what it lacks is added, nothing is remembered here.

What is shown is asked of MLflow each time, so that whatever died midway, or was wiped, is made good by the
next run. Runs of one model at the same time can show a version twice; the next takes one of both away.
"""

from dataclasses import dataclass

from functions.core.base.errors import NoChampion, NotFound, UnusableModel
from functions.core.base.logs import log
from functions.core.registry import versions
from functions.core.registry.deployment import read_champion
from functions.core.registry.keys import CHAMPION
from functions.core.registry.versions import Publication
from functions.core.storage.contract import Entry
from functions.core.storage.view import ModelStore
from functions.track.facts import read_facts
from functions.track.tracker import Shown, Tracker


@dataclass(frozen=True, slots=True)
class Tracked:
    """What became of a model. added: versions that were shown now; damaged: those that cannot be, and why."""

    model: str
    added: tuple[str, ...]
    damaged: dict[str, str]
    champion: str | None
    run: str | None
    """Of the champion."""
    experiment: str


def read_state(store: ModelStore) -> tuple[tuple[Publication, ...], tuple[Entry, ...]]:
    """What is other than before when there is something new to show: versions, and who is in service."""
    return tuple(versions.publications(store)), tuple(store.list(CHAMPION))


def track_model(store: ModelStore, tracker: Tracker) -> Tracked:
    """Have MLflow show every published version of a model once, and by two aliases which one is in service
    and which was before it. Raises `TrackingFailed`, `StoreUnavailable`.
    """
    experiment = tracker.experiment_of(store.model)
    shown = tracker.read_shown(store.model, experiment)
    for run in shown.begun:
        tracker.forget_run(experiment, run)
    for number in shown.doubles:
        tracker.forget_number(store.model, number)
    added, damaged = _add_versions(store, tracker, experiment, shown)
    champion, previous = _in_service(store)
    if shown.registered:
        aliases = {"champion": champion, "previous": previous}
        # A version that is damaged, or was deleted before it could be shown, has no number.
        numbers = {alias: shown.registered.get(version or "") for alias, version in aliases.items()}
        tracker.point(store.model, numbers)
    tracked = Tracked(
        store.model, tuple(added), damaged, champion, shown.runs.get(champion or ""), experiment
    )
    if added or damaged:
        log("INFO", "tracked", model=store.model, added=added, damaged=damaged, champion=champion)
    return tracked


def _add_versions(
    store: ModelStore, tracker: Tracker, experiment: str, shown: Shown
) -> tuple[list[str], dict[str, str]]:
    """Add what is lacking to `shown`, oldest first: MLflow's numbers are in the order of publication."""
    added: list[str] = []
    damaged: dict[str, str] = {}
    for publication in sorted(
        versions.publications(store), key=lambda entry: (entry.published_at, entry.version)
    ):
        version = publication.version
        if version in shown.runs and version in shown.registered:
            continue
        try:
            if version not in shown.runs:
                shown.runs[version] = tracker.show_run(store, experiment, read_facts(store, version))
        except (NotFound, UnusableModel) as error:
            log("WARNING", "a version is not shown in MLflow", version=version, reason=str(error))
            damaged[version] = str(error)
            continue
        if version not in shown.registered:
            shown.registered[version] = tracker.register(store.model, version, shown.runs[version])
        added.append(version)
    return added, damaged


def _in_service(store: ModelStore) -> tuple[str | None, str | None]:
    """The champion, and the one before it."""
    try:
        champion, _ = read_champion(store)
    except NoChampion:
        return None, None
    return champion.version or None, champion.previous
