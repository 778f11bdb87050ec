"""Addresses of stores: those that are none."""

import pytest

from functions.core.storage.opening import open_store


@pytest.mark.parametrize("address", ["", "s3://", "s3://bucket/path", "https://example.org"])
def test_an_address_that_is_no_store_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="a store is"):
        open_store(address)
