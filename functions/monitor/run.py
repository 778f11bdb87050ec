"""One run of the monitor: read what is new, judge it, and have another model trained when that is due."""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

from functions.core import promotion, registry
from functions.core.errors import Conflict
from functions.core.predictions import Reading
from functions.core.store import Store
from functions.monitor import live, metrics, reports
from functions.monitor.judgement import judge
from functions.monitor.labelled import Labelled, read_labelled
from functions.monitor.report import Counted, Report
from functions.monitor.retraining import Situation, attempt
from functions.monitor.settings import MonitorSettings
from functions.monitor.state import State, read_state, write_state
from functions.monitor.unread import advanced, beginning, unread
from functions.monitor.window import count, together

_ATTEMPTS = 10


def run(store: Store, settings: MonitorSettings, *, now: datetime, requested: bool = False) -> Report:
    """Take in all that is new, and return the report: the last one when nothing is.

    requested: train another model whatever the figures say. May be repeated at any time, and by several at
    once: each object of the log is counted in one window, each report is written once. Raises `NoChampion`,
    `UnusableModel`, `UnusableRecord`, `StoreUnavailable`, and `Conflict` when others were first ten times.
    """
    conflicts = 0
    while True:
        before, etag = read_state(store) or (None, None)
        if before:
            # Whoever wrote this state may have died before its report was written.
            _publish(store, before.report, settings)
        state, more = _look(store, settings, before, now, requested=requested)
        if state is before:
            return state.report
        try:
            write_state(store, state, over=etag)
        except Conflict:
            # What another run has counted in the meantime is not counted again.
            conflicts += 1
            if conflicts == _ATTEMPTS:
                raise
            continue
        _publish(store, state.report, settings)
        if not more:
            return state.report
        # What was asked for once is done once.
        requested = False


def _publish(store: Store, report: Report, settings: MonitorSettings) -> None:
    if reports.keep(store, report):
        metrics.emit(report, settings.stage)


def _look(
    store: Store, settings: MonitorSettings, before: State | None, now: datetime, *, requested: bool
) -> tuple[State, bool]:
    """The state after what is new, and whether there is more to read; the same state when nothing is new."""
    champion, _ = promotion.read_champion(store)
    manifest = registry.read_manifest(store, champion.version)
    # Counts are in the bins of one champion: with another one they begin anew.
    same = before if before and before.window.champion == manifest.version else None
    position = before.position if before else beginning(now)
    entries, more = unread(store, position, now)
    reading = Reading(store.get(entry.key).body for entry in entries)
    new = count(reading, manifest)
    window = together(same.window, new) if same else new
    answered = new.tallies["probability"]
    if same:
        answered += same.answered
    labelled = read_labelled(store, _days(now, settings.label_days))
    labels = _fingerprint(labelled)

    complete = window.rows >= settings.min_rows
    drift = same.report.drift if same else None
    if complete:
        drift = judge(window, manifest, settings, after=drift)
    quality = live.judge(manifest, answered, labelled, settings.min_labels)
    situation = Situation(
        store, settings, before, champion, manifest, [answered], drift, quality, labels, now
    )
    training, built = attempt(situation, requested=requested)
    if same and not entries and labels == same.labels and not built and not requested:
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
        live=quality,
        training=training,
    )
    state = State(
        position=advanced(position, entries, now, more=more),
        window=count([], manifest) if complete else window,
        answered=answered,
        labels=labels,
        tried=labels if built else before.tried if before else "",
        considered=now if built or not before else before.considered,
        started=situation.started(training),
        report=report,
    )
    return state, more


def _days(now: datetime, days: int) -> Iterator[date]:
    # A clock may be fast, here or there.
    last = (now + timedelta(hours=1)).date()
    return (last - timedelta(days=back) for back in range(days + 1))


def _fingerprint(labelled: Sequence[Labelled]) -> str:
    """Tells one set of labels from another."""
    text = "".join(f"{one.prediction_id}{one.survived:d}" for one in labelled)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
