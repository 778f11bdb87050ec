"""What the tests of the protocol hold against its answers."""

import json
from pathlib import Path

import pytest

from functions.core.registry.deployment import read_champion
from functions.core.storage.folder import FolderStore
from functions.core.storage.view import ModelStore
from tests.conftest import Call
from tests.predict.v2.tensors import (
    PASSENGERS,
)


@pytest.fixture
def expected(call: Call) -> list[float]:
    """What /predict says of `PASSENGERS`."""
    return [call("POST", "/predict", json.dumps(one))[1]["probability"] for one in PASSENGERS]


@pytest.fixture
def version(published: Path) -> str:
    return read_champion(ModelStore(FolderStore(str(published)), "titanic"))[0].version
