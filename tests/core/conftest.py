"""A place for the keys: a file that does not exist yet."""

from pathlib import Path

import pytest

from functions.core.storage.file_parameter import FileParameter
from functions.core.storage.parameter import Parameter


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "keys.json"


@pytest.fixture
def parameter(place: Path) -> Parameter:
    return FileParameter(str(place))
