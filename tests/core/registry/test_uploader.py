"""Who uploaded a dataset stays with it, whatever they are called."""

import pytest

from functions.core.registry import uploader


@pytest.mark.parametrize("name", ["4e0bb752", "ada@example.org", "Zoë Müller", "名前", "a=b&c%20", "x" * 200])
def test_a_name_comes_back_as_it_was_and_travels_in_ascii(name: str) -> None:
    metadata = uploader.to_metadata(name)
    assert all(value.isascii() and value.isprintable() for value in metadata.values())
    assert uploader.from_metadata(metadata) == name


def test_a_name_takes_no_more_room_than_metadata_has() -> None:
    kept = uploader.to_metadata("界" * 10_000)
    assert sum(len(text) for pair in kept.items() for text in pair) < 2_000


@pytest.mark.parametrize("metadata", [{}, {"uploaded-by": ""}])
def test_what_came_another_way_has_no_uploader(metadata: dict[str, str]) -> None:
    assert uploader.from_metadata(metadata) is None
