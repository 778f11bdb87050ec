"""What a run reads: which version is in service, the part of the log that is new, and the labels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from functions.core.base.errors import NotFound, UnusableModel
from functions.core.registry import deployment, versions
from functions.core.registry.deployment import Champion
from functions.core.registry.manifest import Manifest
from functions.core.stats.records import Tally
from functions.core.storage.view import ModelStore
from functions.monitor.callers import add_callers
from functions.monitor.labelled import Labelled, read_labelled
from functions.monitor.refused import Asked
from functions.monitor.settings import MonitorSettings
from functions.monitor.shared_log import SharedLog
from functions.monitor.state import State, damaged_state, fits
from functions.monitor.traffic import Hour, add_hours
from functions.monitor.unread import Position, advance, initial_position
from functions.monitor.window import Window


@dataclass(frozen=True, slots=True)
class Intake:
    """All that there is to judge by, what is new included.

    same: the state before, if it is of this champion; counts are in the bins of one champion. position: of
    the log, after this. objects: of the log, that were read now; more: whether there are others.
    traffic, callers, answered: by hour and by day, as in `State`.
    """

    champion: Champion
    manifest: Manifest
    same: State | None
    position: Position
    objects: int
    more: bool
    window: Window
    asked: Asked
    traffic: dict[datetime, Hour]
    callers: dict[str, date]
    answered: dict[date, Tally]
    labelled: list[Labelled]
    damaged_lines: int


def take_in(
    store: ModelStore, settings: MonitorSettings, before: State | None, now: datetime, log: SharedLog
) -> Intake:
    """Read what is new since `before`, as much as is read at once, and count it with what was known.

    Raises `NoChampion`, `UnusableModel`, and `UnusableRecord` for a state that does not fit its champion.
    """
    champion, manifest = read_champion(store, log.champion(store.model))
    if before and not fits(before, manifest, now):
        raise damaged_state(store)
    same = before if before and before.window.champion == manifest.version else None
    position = before.position if before else initial_position(now)
    entries, more = log.list_unread(position, now)
    new = log.count(store.model, manifest, entries)
    days = _days(now, settings.label_days)
    return Intake(
        champion=champion,
        manifest=manifest,
        same=same,
        position=advance(position, entries, now, more=more),
        objects=len(entries),
        more=more,
        window=same.window + new.window if same else new.window,
        asked=new.asked + before.asked if before else new.asked,
        traffic=add_hours(before.traffic if before else {}, new.traffic, now),
        callers=add_callers(before.callers if before else {}, new.callers, now),
        answered=_add_days(same.answered if same else {}, new.by_day, days),
        labelled=read_labelled(store, days, manifest.schema_of_rows, log.bodies),
        damaged_lines=new.damaged_lines,
    )


def read_champion(store: ModelStore, known: Manifest | None = None) -> tuple[Champion, Manifest]:
    """The champion and its manifest, by whose reference distributions it can be watched.

    known: a manifest that was read by this function before; if it is the champion's, it is not read again.
    Raises `NoChampion`, `UnusableModel`.
    """
    champion, _ = deployment.read_champion(store)
    if known and known.version == champion.version:
        return champion, known
    try:
        manifest = versions.read_manifest(store, champion.version, champion.manifest_sha256)
    except NotFound as error:
        raise UnusableModel(f"version {champion.version} is in service and not published") from error
    kinds = {field.name: field.words for field in manifest.schema_of_rows.features}
    kinds["probability"] = None
    reference = {name: known.categories for name, known in manifest.reference.items()}
    if reference.keys() != kinds.keys() or any(
        (words is None) != (reference[name] is None) or not {*(words or ())} <= {*(reference[name] or ())}
        for name, words in kinds.items()
    ):
        raise UnusableModel(f"the reference distributions of version {champion.version} are damaged")
    return champion, manifest


def _days(now: datetime, days: int) -> list[date]:
    # A clock may be fast, here or there.
    last = (now + timedelta(hours=1)).date()
    return [last - timedelta(days=back) for back in range(days + 1)]


def _add_days(
    before: Mapping[date, Tally], new: Mapping[date, Tally], days: Sequence[date]
) -> dict[date, Tally]:
    """The counts of both, of those days only."""
    sums = {day: before[day] for day in days if day in before}
    for day in set(days) & new.keys():
        sums[day] = sums[day] + new[day] if day in sums else new[day]
    return sums
