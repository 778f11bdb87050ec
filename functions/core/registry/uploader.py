"""Who uploaded a dataset, as metadata of its object."""

from collections.abc import Mapping
from urllib.parse import quote, unquote

_NAME = "uploaded-by"
_SHOWN = 200


def to_metadata(name: str) -> dict[str, str]:
    """ASCII, whatever people are called: metadata travels in HTTP headers."""
    return {_NAME: quote(name[:_SHOWN], safe=" @.+")}


def from_metadata(metadata: Mapping[str, str]) -> str | None:
    """None for an object that did not come through the API: the bucket knows more of it than we do."""
    return unquote(metadata[_NAME])[:_SHOWN] if metadata.get(_NAME) else None
