"""The store that the functions look at in a case, put back as it was after each."""

import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

from functions.core.registry import versions
from functions.core.registry.keys import holdout_key, model_key
from functions.core.storage.folder import FolderStore
from functions.core.storage.view import ModelStore
from functions.datasets.service import service as datasets
from functions.feedback.service import service as feedback
from functions.models.service import service as models
from functions.monitor.service import service as monitor
from functions.predict.service import service as predict
from functions.retrain import handler as retrain
from functions.scoring.service import service as scoring
from tests.support import production
from tests.support.titanic import MODEL, people

TWIN = "0123456789abcdef"


class World:
    """A store in a folder: a champion, a second version of it, and predictions of the last hour.

    pristine: what it is copied from. versions, predictions: what can be asked for by name.
    """

    def __init__(self, published: Path, root: Path) -> None:
        self.folder, self.pristine = root / "store", root / "pristine"
        shutil.copytree(published, self.pristine)
        store = ModelStore(FolderStore(str(self.pristine)), MODEL)
        champion = production.champion_of(store)
        for key in (model_key, holdout_key):
            store.put(key(TWIN), store.get(key(champion.version)).body)
        versions.write_manifest(store, champion.model_copy(update={"version": TWIN}))
        self.versions = [champion.version, TWIN]
        rows = [row for row, _ in people(20)]
        self.predictions = [*production.predict(store, rows, datetime.now(UTC) - timedelta(minutes=10))]
        self.begin()

    def begin(self) -> None:
        """Copy `pristine` anew."""
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(self.pristine, self.folder)
        self._files = self._look()
        self.forget()

    def restore(self) -> None:
        """Undo what a case has changed."""
        if self._look() != self._files:
            self.begin()

    def forget(self) -> None:
        """Have the functions read the environment and the store anew."""
        services = (datasets, predict, models, feedback, monitor, scoring)
        for cached in (*services, retrain._settings, retrain._store):
            cached.cache_clear()

    def _look(self) -> dict[str, tuple[int, int]]:
        """Size and time of each file."""
        found = {}
        folders = [str(self.folder)]
        while folders:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    if entry.is_dir():
                        folders.append(entry.path)
                    else:
                        stat = entry.stat()
                        found[entry.path] = (stat.st_size, stat.st_mtime_ns)
        return found
