"""One run of the monitor: read what is new, judge it, and have another model trained when that is due."""

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta

from functions.core.base.errors import Conflict
from functions.core.predictions.records import Reading
from functions.core.registry import deployment, versions
from functions.core.stats.records import Tally
from functions.core.storage.contract import Store
from functions.monitor import live, metrics, pending, refused, reports
from functions.monitor.judgement import judge
from functions.monitor.labelled import Labelled, read_labelled
from functions.monitor.refused import Asked
from functions.monitor.report import Counted, Report
from functions.monitor.retraining import NOT_DUE, Situation, attempt
from functions.monitor.settings import MonitorSettings
from functions.monitor.state import State, read_state, write_state
from functions.monitor.unread import advanced, beginning, unread
from functions.monitor.window import count, together

_ATTEMPTS = 10


def run(store: Store, settings: MonitorSettings, *, now: datetime, requested: bool = False) -> Report:
    """Take in all that is new, and return the report: the last one when nothing is.

    requested: train another model whatever the figures say. May be repeated at any time, and by several at
    once: each object of the log is counted in one window, each report is written once, and each training that
    a report tells of has one dataset. Raises `NoChampion`, `UnusableModel`, `UnusableRecord`,
    `StoreUnavailable`, and `Conflict` when others were first ten times.
    """
    conflicts = 0
    while True:
        try:
            held = read_state(store)
            # Whoever wrote this state may have died before all was done that follows from it.
            before, etag = _finish(store, *held, settings) if held else (None, None)
            state, more = _look(store, settings, before, now, requested=requested)
            if state is before:
                return state.report
            etag = write_state(store, state, over=etag)
        except Conflict:
            # What another run has counted in the meantime is not counted again.
            conflicts += 1
            if conflicts == _ATTEMPTS:
                raise
            continue
        # Another run may finish it as well, and be first.
        with suppress(Conflict):
            _finish(store, state, etag, settings)
        if not more:
            return state.report


def _finish(store: Store, state: State, etag: str, settings: MonitorSettings) -> tuple[State, str]:
    """Keep the report of a state, and upload its dataset. Returns the state after that, and its ETag.

    Raises `Conflict` when another run wrote first.
    """
    if not reports.is_kept(store, state.report.sequence):
        # In this order: whoever dies in between has the alarms told twice, not never.
        metrics.emit(state.report, settings.stage)
        reports.keep(store, state.report)
    if not state.pending:
        return state, etag
    found = pending.upload(store, state.pending)
    # Of one that is gone it is not remembered that it was tried: the same rows make another.
    done = state.model_copy(update={"pending": None, "tried": state.tried if found else None})
    return done, write_state(store, done, over=etag)


def _look(
    store: Store, settings: MonitorSettings, before: State | None, now: datetime, *, requested: bool
) -> tuple[State, bool]:
    """The state after what is new, and whether there is more to read; the same state when nothing is new."""
    champion, _ = deployment.read_champion(store)
    manifest = versions.read_manifest(store, champion.version)
    # Counts are in the bins of one champion: with another one they begin anew.
    same = before if before and before.window.champion == manifest.version else None
    position = before.position if before else beginning(now)
    entries, more = unread(store, position, now)
    reading = Reading(store.get(entry.key).body for entry in entries)
    new = count(reading, manifest)
    window = together(same.window, new) if same else new
    days = _days(now, settings.label_days)
    answered = _answered(same.answered if same else {}, new.days, days)
    asked = Asked(scored=new.rows + new.of_other_versions, refused=reading.refused, fields=reading.faults) + (
        before.asked if before else Asked()
    )
    labelled = read_labelled(store, days)
    labels = _told_apart(labelled)

    complete = window.rows >= settings.min_rows
    drift = same.report.drift if same else None
    if complete:
        drift = judge(window, manifest, settings, after=drift)
    refusals = before.report.refused if before else None
    enough = asked.passengers >= settings.min_rows
    if enough:
        refusals = refused.judge(asked, settings.most_refused, now)
    quality = live.judge(manifest, answered.values(), labelled, settings.min_labels)
    situation = Situation(
        store, settings, before, champion, manifest, [*answered.values()], drift, quality, now
    )
    # It is decided by all that there is, not by the first part of it.
    made = NOT_DUE if more else attempt(situation, requested=requested)
    if same and not entries and labels == same.labels and not made.tried and not requested:
        return same, False

    report = Report(
        sequence=1 + (before.report.sequence if before else reports.last_number(store)),
        at=now,
        champion=champion.version,
        promotion=champion.sequence,
        counted=Counted(
            rows=window.rows,
            of_other_versions=window.of_other_versions,
            first=window.first,
            last=window.last,
            complete=complete,
        ),
        damaged_lines=reading.damaged,
        drift=drift,
        refused=refusals,
        live=quality,
        training=made.training,
    )
    state = State(
        position=advanced(position, entries, now, more=more),
        window=count([], manifest) if complete else window,
        asked=Asked() if enough else asked,
        answered=answered,
        labels=labels,
        tried=made.tried or (before.tried if before else None),
        considered=now if made.tried or not before else before.considered,
        started=situation.started(made.training),
        pending=made.pending,
        report=report,
    )
    return state, more


def _days(now: datetime, days: int) -> list[date]:
    # A clock may be fast, here or there.
    last = (now + timedelta(hours=1)).date()
    return [last - timedelta(days=back) for back in range(days + 1)]


def _answered(
    before: Mapping[date, Tally], new: Mapping[date, Tally], days: Sequence[date]
) -> dict[date, Tally]:
    """Both together, of those days only."""
    found = {day: before[day] for day in days if day in before}
    for day in set(days) & new.keys():
        found[day] = found[day] + new[day] if day in found else new[day]
    return found


def _told_apart(labelled: Sequence[Labelled]) -> str:
    """Tells one set of labels from another."""
    text = "".join(f"{one.prediction_id}{one.survived:d}" for one in labelled)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
