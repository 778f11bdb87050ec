"""Addresses of parameters: what each of them opens, and those that are none."""

import pytest

from functions.core.storage.file_parameter import FileParameter
from functions.core.storage.parameter_opening import open_parameter
from functions.core.storage.ssm_parameter import SsmParameter


@pytest.mark.parametrize("address", ["", "s3://bucket/keys", "ssm:keys", "ssm:/keys/", "ssm:"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="a parameter is ssm:/name"):
        open_parameter(address)


def test_an_address_says_where() -> None:
    assert isinstance(open_parameter("ssm:/lifeboat/dev/keys"), SsmParameter)
    assert isinstance(open_parameter("build/keys.json"), FileParameter)
