"""The hour of the schedule: every model in service is watched, one after the other, each in its own time."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from functions.core.base.errors import LifeboatError
from functions.core.base.logs import log
from functions.core.registry.models import names_in_service
from functions.core.storage.contract import Store
from functions.core.storage.view import ModelStore
from functions.monitor.metrics import emit_alarms
from functions.monitor.report import Report
from functions.monitor.run import run
from functions.monitor.settings import MonitorSettings
from functions.monitor.state import read_state

# To look for labels in the log takes up to 25 seconds, whatever time there is.
_MIN_SECONDS = 30.0


def run_for_all(store: Store, settings: MonitorSettings, *, now: datetime, seconds: float) -> dict[str, Any]:
    """Run for every model in service, within `seconds`. Returns the summary of each, by its name.

    What is left of the time is shared evenly by the models that are still to come: so a model whose log is
    long is read in part, and the next hour goes on with it. Where there is no time left for some, the hour
    after begins with another one.

    A model that fails holds up no other. At the end it raises an `ExceptionGroup` if any has failed, though
    the others have not: the event is tried again then, which those pass over as having nothing new, and one
    that fails again ends up in the failure queue, whose alarm people hear. Nobody would hear a log.
    """
    end = monotonic() + seconds
    names = _in_turn(names_in_service(store), now)
    if not names:
        log("INFO", "nothing to watch: no model is in service")
    summaries: dict[str, Any] = {}
    failures: list[Exception] = []
    for index, name in enumerate(names):
        left = end - monotonic()
        if index and left < _MIN_SECONDS:
            log("WARNING", "there is no time left for some models", models=names[index:])
            summaries |= {later: {"report": None, "reason": "no time was left"} for later in names[index:]}
            break
        try:
            summaries[name] = _run_for(store, name, settings, now, left / (len(names) - index))
        except Exception as error:
            log("ERROR", "a model could not be watched", model=name, error=repr(error))
            error.add_note(f"model {name}")
            failures.append(error)
    if reports := [*_last_reports(store, names)]:
        emit_alarms(reports, settings, now)
    if failures:
        raise ExceptionGroup(f"of {len(names)} models, {len(failures)} could not be watched", failures)
    return {"models": summaries}


def _last_reports(store: Store, names: Iterable[str]) -> Iterator[Report]:
    """What was last said of each model, in this hour or before; of one whose state is damaged, nothing."""
    for name in names:
        with suppress(LifeboatError):
            if held := read_state(ModelStore(store, name)):
                yield held[0].report


def _in_turn(names: list[str], now: datetime) -> list[str]:
    """The names in their order, beginning with another one each hour."""
    start = int(now.timestamp() // timedelta(hours=1).total_seconds()) % max(len(names), 1)
    return names[start:] + names[:start]


def _run_for(
    store: Store, name: str, settings: MonitorSettings, now: datetime, seconds: float
) -> dict[str, Any]:
    until = monotonic() + seconds
    report = run(ModelStore(store, name), settings, now=now, has_time=lambda: monotonic() < until)
    return {"report": report.sequence, "training": report.training.model_dump()}
