"""A store with a champion, for each test one of its own."""

import shutil
from pathlib import Path

import pytest

from functions.core.storage.contract import Store
from functions.core.storage.folder import FolderStore
from functions.core.storage.view import ModelStore
from tests.conftest import MODEL


@pytest.fixture
def root(published: Path, tmp_path: Path) -> Path:
    shutil.copytree(published, tmp_path / "store")
    return tmp_path / "store"


@pytest.fixture
def whole_store(root: Path) -> Store:
    return FolderStore(str(root))


@pytest.fixture
def store(whole_store: Store) -> ModelStore:
    return ModelStore(whole_store, MODEL)
