"""What the function holds between invocations, and what it does at each."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from functions.core.storage.opening import open_store
from functions.core.storage.view import ModelStore
from functions.monitor.report import Report
from functions.monitor.run import run
from functions.monitor.schedule import run_for_all
from functions.monitor.settings import MonitorSettings


class Service:
    """The whole store, of which each run sees one model's part."""

    def __init__(self, settings: MonitorSettings) -> None:
        self.settings = settings
        self._store = open_store(settings.store)

    def store_of(self, model: str) -> ModelStore:
        """The objects of one model."""
        return ModelStore(self._store, model)

    def run(self, model: str, *, requested: bool = False) -> Report:
        """Run now for one model. Raises as `functions.monitor.run.run`."""
        now = datetime.now(UTC)
        return run(self.store_of(model), self.settings, now=now, requested=requested)

    def run_on_schedule(self, *, seconds: float) -> dict[str, Any]:
        """Run now for every model in service. Raises as `functions.monitor.schedule.run_for_all`."""
        return run_for_all(self._store, self.settings, now=datetime.now(UTC), seconds=seconds)


@lru_cache(maxsize=1)
def service() -> Service:
    """The one service of this process, made at first use."""
    return Service(MonitorSettings.from_environment())
