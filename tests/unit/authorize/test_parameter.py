"""The parameter that holds the list: a file of its owner's, or an address in SSM."""

import stat
from pathlib import Path
from typing import Any

import pytest

from functions.core.base.errors import Conflict, StoreUnavailable, UnusableKeys
from functions.core.identity.key_list import all_keys
from functions.core.storage.file_parameter import FileParameter
from functions.core.storage.opening import open_parameter
from functions.core.storage.parameter import Parameter
from functions.core.storage.ssm_parameter import SsmParameter
from tests.keys import new_key


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


def test_bytes_that_are_no_text_are_damage(parameter: Parameter, place: Path) -> None:
    place.parent.mkdir()
    place.write_bytes(b"\xff\xfe")
    with pytest.raises(UnusableKeys):
        all_keys(parameter)


@pytest.mark.parametrize("address", ["", "s3://bucket/keys", "ssm:keys", "ssm:/keys/", "ssm:"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="a parameter is ssm:/name"):
        open_parameter(address)


def test_an_address_says_where() -> None:
    assert isinstance(open_parameter("ssm:/lifeboat/dev/keys"), SsmParameter)
    assert isinstance(open_parameter("build/keys.json"), FileParameter)
