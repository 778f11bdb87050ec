"""One run of the monitor for one model: read what is new, judge it, and have another model trained if due."""

from contextlib import suppress
from datetime import datetime

from functions.core.base.errors import Conflict
from functions.core.storage.view import ModelStore
from functions.monitor import metrics, reports
from functions.monitor.intake import Intake, take_in
from functions.monitor.judgement import Judgement, judge
from functions.monitor.labelled import labels_fingerprint
from functions.monitor.pending import upload_dataset
from functions.monitor.refused import Asked
from functions.monitor.report import Counted, Report
from functions.monitor.retraining import NOT_DUE, Attempt, RetrainContext, attempt_retrain
from functions.monitor.settings import MonitorSettings
from functions.monitor.shared_log import SharedLog
from functions.monitor.state import State, read_state, write_state
from functions.monitor.window import empty_window

_ATTEMPTS = 10


def run(
    store: ModelStore,
    settings: MonitorSettings,
    *,
    now: datetime,
    requested: bool = False,
) -> Report:
    """Take in all that is new, part by part, and return the report: the last one when nothing is.

    requested: as of `Run`. Raises as `Run.take_next_part`.
    """
    this_run = Run(store, settings, SharedLog(store, {}), now=now, requested=requested)
    while True:
        report, more = this_run.take_next_part()
        if not more:
            return report


class Run:
    """A run of the monitor for one model, part by part of the log.

    requested: train another model whatever the figures say. May be repeated at any time, and by several at
    once: each object of the log is counted in one window, each report is written once, and each training that
    a report tells of has one dataset.
    """

    def __init__(
        self,
        store: ModelStore,
        settings: MonitorSettings,
        shared_log: SharedLog,
        *,
        now: datetime,
        requested: bool = False,
    ) -> None:
        self._store = store
        self._settings = settings
        self._log = shared_log
        self._now = now
        self._requested = requested
        self._conflicts = 0
        # The state that this run wrote last and finished, and its ETag: it need not be read again.
        self._finished: tuple[State, str] | None = None

    def take_next_part(self) -> tuple[Report, bool]:
        """Take in the next part of what is new. Returns the report, the last one when nothing is new, and
        whether there is more.

        Raises `NoChampion`, `UnusableModel`, `UnusableRecord`, `StoreUnavailable`, and `Conflict` when others
        were first ten times.
        """
        while True:
            try:
                return self._try_next_part()
            except Conflict:
                # What another run has counted in the meantime is not counted again.
                self._finished = None
                self._conflicts += 1
                if self._conflicts == _ATTEMPTS:
                    raise

    def _try_next_part(self) -> tuple[Report, bool]:
        finished = self._finished
        if finished is None and (stored := read_state(self._store)):
            # Whoever wrote this state may have died before all was done that follows from it.
            finished = _finish(self._store, *stored, self._settings)
        before, etag = finished or (None, None)
        state, more = self._next_state(before)
        if state is before:
            return state.report, False
        etag = write_state(self._store, state, etag=etag)
        self._finished = None
        # Another run may finish it as well, and be first.
        with suppress(Conflict):
            self._finished = _finish(self._store, state, etag, self._settings)
        return state.report, more

    def _next_state(self, before: State | None) -> tuple[State, bool]:
        """The state after what is new, and whether there is more to read; the same state when nothing is
        new."""
        store, settings, now = self._store, self._settings, self._now
        intake = take_in(store, settings, before, now, self._log)
        judgement = judge(intake, before, settings, now)
        context = RetrainContext(
            store,
            settings,
            before,
            intake.champion,
            intake.manifest,
            [*intake.answered.values()],
            judgement.drift,
            judgement.live,
            now,
            self._log.bodies,
        )
        # It is decided by all that there is, not by the first part of it.
        attempt = NOT_DUE if intake.more else attempt_retrain(context, requested=self._requested)
        labels = labels_fingerprint(intake.labelled)
        same = intake.same
        is_new = intake.objects or attempt.tried or self._requested
        if same and not is_new and labels == same.labels:
            return same, False
        sequence = 1 + (before.report.sequence if before else reports.last_sequence(store))
        state = State(
            position=intake.position,
            window=empty_window(intake.manifest) if judgement.is_complete else intake.window,
            asked=Asked() if judgement.were_refusals_judged else intake.asked,
            traffic=intake.traffic,
            callers=intake.callers,
            answered=intake.answered,
            labels=labels,
            tried=attempt.tried or (before.tried if before else None),
            considered=now if attempt.tried or not before else before.considered,
            started=context.started(attempt.training),
            pending=attempt.pending,
            report=_report(store.model, sequence, now, intake, judgement, attempt),
        )
        return state, intake.more


def _finish(store: ModelStore, state: State, etag: str, settings: MonitorSettings) -> tuple[State, str]:
    """Keep the report of a state, and upload its dataset. Returns the state after that, and its ETag.

    Raises `Conflict` when another run wrote first.
    """
    if not reports.has_report(store, state.report.sequence):
        # In this order: whoever dies in between has the alarms told twice, not never.
        metrics.emit_report(state.report, settings)
        reports.write_report(store, state.report)
    if not state.pending:
        return state, etag
    is_there = upload_dataset(store, state.pending)
    # Of one that is gone it is not remembered that it was tried: the same rows make another.
    done = state.model_copy(update={"pending": None, "tried": state.tried if is_there else None})
    return done, write_state(store, done, etag=etag)


def _report(
    model: str, sequence: int, now: datetime, intake: Intake, judgement: Judgement, attempt: Attempt
) -> Report:
    window = intake.window
    return Report(
        model=model,
        sequence=sequence,
        at=now,
        champion=intake.champion.version,
        promotion=intake.champion.sequence,
        counted=Counted(
            rows=window.rows,
            of_other_versions=window.of_other_versions,
            first=window.first,
            last=window.last,
            complete=judgement.is_complete,
        ),
        damaged_lines=intake.damaged_lines,
        drift=judgement.drift,
        refused=judgement.refused,
        live=judgement.live,
        training=attempt.training,
    )
