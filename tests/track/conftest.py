"""MLflow's own store of files, in a folder: the server, with its database, is tests/mlflow's."""

import shutil
from pathlib import Path

import pytest

from functions.core.storage.folder import FolderStore
from functions.core.storage.view import ModelStore
from functions.track import tracker as trackers
from tests.support.titanic import MODEL


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """MLflow's variables are set by the tracker where nobody has: for a test, and not for those after it."""
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    for name, value in trackers._HTTP.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def uri(tmp_path: Path) -> str:
    return f"file://{tmp_path}/mlflow"


@pytest.fixture
def copied(published: Path, tmp_path: Path) -> ModelStore:
    """The store with a champion, to be written to."""
    shutil.copytree(published, tmp_path / "copied")
    return ModelStore(FolderStore(str(tmp_path / "copied")), MODEL)
