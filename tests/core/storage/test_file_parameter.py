"""A parameter in a file: its owner's alone, and whole whatever happens."""

import stat
from pathlib import Path
from typing import Any

import pytest

from functions.core.base.errors import Conflict, StoreUnavailable
from functions.core.storage.file_parameter import FileParameter
from functions.core.storage.parameter import Parameter
from tests.support.keys import new_key


def test_the_file_is_its_owners_alone(parameter: Parameter, place: Path) -> None:
    new_key(parameter)
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    new_key(parameter)
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert sorted(path.name for path in place.parent.iterdir()) == [".keys.json.lock", "keys.json"]


def test_a_change_that_fails_leaves_the_file_as_it_was(parameter: Parameter, place: Path) -> None:
    new_key(parameter)
    before = place.read_text()

    def fail(texts: Any) -> str:
        raise Conflict("no")

    with pytest.raises(Conflict):
        parameter.update(fail)
    assert place.read_text() == before


def test_a_file_that_cannot_be_had_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnavailable, match="could not be read: Is a directory"):
        FileParameter(str(tmp_path)).read()
    with pytest.raises(StoreUnavailable, match="could not be written"):
        FileParameter(str(tmp_path / "file" / "keys.json")).update(lambda texts: "x")
