"""What the tests share: a folder store, the real passengers, and one model trained from them."""

import asyncio
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

# No test may reach a real account: the SDK finds these keys before any others.
os.environ.update(
    AWS_ACCESS_KEY_ID="testing",
    AWS_SECRET_ACCESS_KEY="testing",
    AWS_DEFAULT_REGION="us-east-1",
    AWS_EC2_METADATA_DISABLED="true",
)
os.environ.pop("AWS_PROFILE", None)
os.environ.pop("AWS_ENDPOINT_URL", None)

from functions.core.folder_store import FolderStore
from functions.core.store import Store
from training.dataset import Dataset, load_dataset
from training.train import Configuration, Trained, train

EVENTS = Path(__file__).parent / "events"
TITANIC = Path(__file__).parents[1] / "training" / "data" / "titanic.csv"
# As small a selection as there is: the tests are about what happens around it.
QUICK = Configuration(folds=2)


# Mangum takes the thread's event loop, from the moment its adapter is imported.
LOOP = asyncio.new_event_loop()
asyncio.set_event_loop(LOOP)


@pytest.fixture(scope="session", autouse=True)
def _close_the_loop() -> Iterator[None]:
    yield
    LOOP.close()


def quiet(_what: str, _done: int, _of: int) -> None:
    """A progress that nobody watches."""


@pytest.fixture(scope="session")
def titanic() -> Dataset:
    return load_dataset(TITANIC)


@pytest.fixture(scope="session")
def trained(titanic: Dataset) -> Trained:
    return train(titanic, QUICK, quiet)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return FolderStore(str(tmp_path / "store"))


@pytest.fixture
def event() -> Callable[[str], dict[str, Any]]:
    """A golden event by the name of its file."""
    return lambda name: json.loads((EVENTS / f"{name}.json").read_text())
