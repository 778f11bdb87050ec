"""Who uploaded a dataset, as metadata of its object."""

from collections.abc import Mapping
from urllib.parse import quote, unquote

_NAME = "uploaded-by"
# Metadata has 2 kB in all, and a letter may take twelve characters of it.
_MAX_CHARACTERS = 200
_MAX_BYTES = 500


def to_metadata(name: str) -> dict[str, str]:
    """ASCII, whatever people are called: metadata travels in HTTP headers. A longer name is cut."""
    short = name[:_MAX_CHARACTERS].encode(errors="replace")[:_MAX_BYTES].decode(errors="ignore")
    return {_NAME: quote(short, safe=" @.+")}


def from_metadata(metadata: Mapping[str, str]) -> str | None:
    """None for an object that did not come through the API: the bucket knows more of it than we do."""
    return unquote(metadata[_NAME])[:_MAX_CHARACTERS] if metadata.get(_NAME) else None
