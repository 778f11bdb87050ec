"""Runs of the monitor, and what there is for it to watch: a champion, its dataset, served passengers."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from functions.core.storage.contract import Store
from functions.core.storage.folder import FolderStore
from functions.monitor.report import Report
from functions.monitor.run import run
from functions.monitor.settings import MonitorSettings
from tests.conftest import TITANIC
from tests.support.production import people, predict

NOW = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
SETTINGS = MonitorSettings(store="", min_rows=300)


class Died(BaseException):
    """What kills a process, as far as the store can see."""


class Mortal(FolderStore):
    """A store whose user dies in place of the first write that `dies` says it of.

    dies: takes the number of the write, counted from 1, and the key.
    """

    def __init__(self, root: Path, dies: Callable[[int, str], bool]) -> None:
        super().__init__(str(root))
        self._dies = dies
        self._writes = 0

    def _written(self, key: str, body: bytes) -> Any:
        self._writes += 1
        if self._dies(self._writes, key):
            raise Died
        return super()._written(key, body)


def watched(published: Path, folder: Path) -> Store:
    """A copy of the `published` store below `folder`, in which the champion's dataset lies too."""
    shutil.copytree(published, folder / "store")
    store = FolderStore(str(folder / "store"))
    store.put("datasets/titanic.csv", TITANIC.read_bytes())
    return store


def monitor(store: Store, now: datetime = NOW, **options: Any) -> Report:
    return run(store, SETTINGS.model_copy(update=options.pop("settings", {})), now=now, **options)


def serve(store: Store, count: int, at: datetime = NOW, **which: Any) -> dict[str, bool]:
    """Serve passengers. Whether they survived, by the id of the prediction."""
    drawn = people(count, **which)
    answered = predict(store, [passenger for passenger, _ in drawn], at)
    return dict(zip(answered, (survived for _, survived in drawn), strict=True))


def datasets(store: Store) -> list[str]:
    return [entry.key for entry in store.list("datasets/")]
