"""What a run reads: which version is in service, the part of the log that is new, and the labels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from functions.core.base.errors import NotFound, UnusableModel
from functions.core.predictions.records import Reading, bodies
from functions.core.registry import deployment, versions
from functions.core.registry.deployment import Champion
from functions.core.registry.manifest import Manifest
from functions.core.stats.records import Tally
from functions.core.storage.view import ModelStore
from functions.monitor.callers import CallerDays, add_callers
from functions.monitor.labelled import Labelled, read_labelled
from functions.monitor.refused import Asked
from functions.monitor.settings import MonitorSettings
from functions.monitor.state import State, damaged_state, fits
from functions.monitor.traffic import Hour, TrafficCount, add_hours
from functions.monitor.unread import Position, advance, initial_position, list_unread
from functions.monitor.window import Window, count_predictions


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


def take_in(store: ModelStore, settings: MonitorSettings, before: State | None, now: datetime) -> Intake:
    """Read what is new since `before`, as much as is read at once, and count it with what was known.

    Raises `NoChampion`, `UnusableModel`, and `UnusableRecord` for a state that does not fit its champion.
    """
    champion, manifest = _read_champion(store)
    if before and not fits(before, manifest, now):
        raise damaged_state(store)
    same = before if before and before.window.champion == manifest.version else None
    position = before.position if before else initial_position(now)
    entries, more = list_unread(store, position, now)
    reading = Reading(bodies(store, entries), store.model)
    passed = TrafficCount()
    callers = CallerDays()
    new = count_predictions(callers.passing(passed.passing(reading)), manifest)
    asked = Asked(
        scored=new.window.rows + new.window.of_other_versions,
        refused=reading.refused,
        fields=reading.faults,
    )
    days = _days(now, settings.label_days)
    return Intake(
        champion=champion,
        manifest=manifest,
        same=same,
        position=advance(position, entries, now, more=more),
        objects=len(entries),
        more=more,
        window=same.window + new.window if same else new.window,
        asked=asked + before.asked if before else asked,
        traffic=add_hours(before.traffic if before else {}, passed.hours(reading.refused_at), now),
        callers=add_callers(before.callers if before else {}, callers.days, now),
        answered=_add_days(same.answered if same else {}, new.by_day, days),
        labelled=read_labelled(store, days, manifest.schema_of_rows),
        damaged_lines=reading.damaged + new.unfit,
    )


def _read_champion(store: ModelStore) -> tuple[Champion, Manifest]:
    """The champion and its manifest, by whose reference distributions it can be watched."""
    champion, _ = deployment.read_champion(store)
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
