"""The lineage of a dataset travels as metadata, whatever the name of the file."""

import pytest

from functions.core.registry.lineage import from_metadata, to_metadata
from functions.core.registry.manifest import Lineage

# S3 takes 2 kB for the names and values of all metadata of an object.
MOST = 2_048


@pytest.mark.parametrize("letter", ["x", "ü", "表", "🚢"])
def test_the_lineage_of_the_longest_key_there_is_fits_into_metadata(letter: str) -> None:
    key = "datasets/titanic/"
    key += letter * ((1_024 - len(key)) // len(letter.encode()))
    lineage = Lineage(
        reference_key=key,
        reference_version_id="v" * 32,
        reference_sha256="0" * 64,
        labels=250_000,
        reason="the labels show a log loss above what the holdout showed",
        champion="0123456789abcdef",
    )
    metadata = to_metadata(lineage)
    assert all(value.isascii() for value in metadata.values())
    assert sum(len(name) + len(value) for name, value in metadata.items()) <= MOST
    assert from_metadata(metadata) == lineage


@pytest.mark.parametrize("damaged", ["", "{", "é", "bm8gSlNPTg==", "{}"])
def test_a_damaged_lineage_is_none(damaged: str) -> None:
    assert from_metadata({"lineage": damaged}) is None
