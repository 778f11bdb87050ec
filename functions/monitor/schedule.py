"""The hour of the schedule: every model in service is watched, and the log is read once for all of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from functions.core.base.errors import LifeboatError
from functions.core.base.logs import log
from functions.core.registry.manifest import Manifest
from functions.core.registry.models import names_in_service
from functions.core.storage.contract import Store
from functions.core.storage.view import ModelStore
from functions.monitor.intake import read_champion
from functions.monitor.metrics import emit_alarms
from functions.monitor.report import Report
from functions.monitor.run import Run
from functions.monitor.settings import MonitorSettings
from functions.monitor.shared_log import SharedLog
from functions.monitor.state import read_state

# To look for labels in the log takes up to 25 seconds, whatever time there is.
_MIN_SECONDS = 30.0


def run_for_all(store: Store, settings: MonitorSettings, *, now: datetime, seconds: float) -> dict[str, Any]:
    """Run for every model in service, within `seconds`. Returns the summary of each, by its name.

    A part of the log is read once, and taken in by one model after the other, before the next part is read:
    so all are as far in it, and what a run has no time for, the next one reads once for all as well. Where
    there is no time left for some models, the hour after begins with another one; these are a part behind
    then, which is read for them once more.

    A model that fails holds up no other. At the end it raises an `ExceptionGroup` if any has failed, though
    the others have not: the event is tried again then, which those pass over as having nothing new, and one
    that fails again ends up in the failure queue, whose alarm people hear. Nobody would hear a log.
    """
    names = _in_turn(names_in_service(store), now)
    if not names:
        log("INFO", "nothing to watch: no model is in service")
    hour = _Hour(store, settings, names, now, end=monotonic() + seconds)
    hour.run()
    if reports := [*_last_reports(store, names, hour.reports)]:
        emit_alarms(reports, settings, now)
    if failures := hour.failures:
        raise ExceptionGroup(f"of {len(names)} models, {len(failures)} could not be watched", failures)
    return {"models": {name: _summary(hour.reports.get(name)) for name in names}}


class _Hour:
    """What one hour comes to: the last report of each model that had its turn, and what failed."""

    def __init__(
        self, store: Store, settings: MonitorSettings, names: Sequence[str], now: datetime, end: float
    ) -> None:
        self.reports: dict[str, Report] = {}
        self.failures: list[Exception] = []
        self._end = end
        self._log = SharedLog(store, _champions(store, names))
        self._runs = {name: Run(ModelStore(store, name), settings, self._log, now=now) for name in names}

    def run(self) -> None:
        """Take in part after part, while there is time."""
        waiting = list(self._runs)
        while waiting:
            began = monotonic()
            waiting, left_out = self._take_next_part(waiting)
            self._log.forget_counts()
            # The next part takes as long as this one did.
            if left_out or (waiting and self._end - monotonic() < _MIN_SECONDS + monotonic() - began):
                if waiting:
                    message = "the log is too long for the time there is; the next run goes on"
                    log("WARNING", message, models=waiting)
                return

    def _take_next_part(self, names: Sequence[str]) -> tuple[list[str], bool]:
        """Have each of these models take in its next part. Returns for which there is more, and whether there
        was no time for some."""
        more: list[str] = []
        for index, name in enumerate(names):
            if index and self._end - monotonic() < _MIN_SECONDS:
                log("WARNING", "there is no time left for some models", models=names[index:])
                return more, True
            try:
                self.reports[name], has_more = self._runs[name].take_next_part()
            except Exception as error:
                log("ERROR", "a model could not be watched", model=name, error=repr(error))
                error.add_note(f"model {name}")
                self.failures.append(error)
                self.reports.pop(name, None)
            else:
                more += [name] * has_more
        return more, False


def _champions(store: Store, names: Iterable[str]) -> dict[str, Manifest]:
    """The manifests of the champions of all models, by which a part of the log is counted for all."""
    champions = {}
    for name in names:
        # What is wrong with one is said when it has its turn.
        with suppress(Exception):
            _, champions[name] = read_champion(ModelStore(store, name))
    return champions


def _summary(report: Report | None) -> dict[str, Any]:
    if report is None:
        return {"report": None, "reason": "no time was left"}
    return {"report": report.sequence, "training": report.training.model_dump()}


def _last_reports(store: Store, names: Iterable[str], known: Mapping[str, Report]) -> Iterator[Report]:
    """What was last said of each model, in this hour or before; of one whose state is damaged, nothing.

    known: reports of this hour.
    """
    for name in names:
        if name in known:
            yield known[name]
            continue
        with suppress(LifeboatError):
            if versioned := read_state(ModelStore(store, name)):
                yield versioned[0].report


def _in_turn(names: list[str], now: datetime) -> list[str]:
    """The names in their order, beginning with another one each hour."""
    start = int(now.timestamp() // timedelta(hours=1).total_seconds()) % max(len(names), 1)
    return names[start:] + names[:start]
