"""What the function holds between invocations, and what it does at each."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from functions.core.base.errors import NoChampion
from functions.core.base.logs import log
from functions.core.storage.opening import open_store
from functions.monitor.report import Report
from functions.monitor.run import run
from functions.monitor.settings import MonitorSettings


class Service:
    def __init__(self, settings: MonitorSettings) -> None:
        self.settings = settings
        self.store = open_store(settings.store)

    def run(self, *, requested: bool = False) -> Report:
        """Run now. Raises as `functions.monitor.run.run`."""
        return run(self.store, self.settings, now=datetime.now(UTC), requested=requested)

    def run_on_schedule(self) -> dict[str, Any]:
        """Run now, and say in short what came of it. Before there is a model, there is nothing to watch."""
        try:
            report = self.run()
        except NoChampion as error:
            log("INFO", "nothing to watch", reason=str(error))
            return {"report": None, "reason": str(error)}
        return {"report": report.sequence, "training": report.training.model_dump()}


@lru_cache(maxsize=1)
def service() -> Service:
    """The one service of this process, made at first use."""
    return Service(MonitorSettings.from_environment())
