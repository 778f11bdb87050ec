"""The lineage of a dataset, as metadata of its object."""

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping

from functions.core.base.logs import log
from functions.core.registry.manifest import Lineage

_NAME = "lineage"
_LONG = 1_500


def to_metadata(lineage: Lineage) -> dict[str, str]:
    """ASCII, whatever the name of the file: metadata travels in HTTP headers, and has 2 kB in all."""
    text = json.dumps(lineage.model_dump())
    if len(text) > _LONG:
        # Escapes take six characters for a letter of two bytes; this takes four for three bytes.
        text = b64encode(json.dumps(lineage.model_dump(), ensure_ascii=False).encode()).decode()
    return {_NAME: text}


def from_metadata(metadata: Mapping[str, str]) -> Lineage | None:
    """None for a dataset that people uploaded, and for a damaged lineage: its rows can train all the same."""
    if _NAME not in metadata:
        return None
    try:
        text = metadata[_NAME]
        return Lineage.model_validate_json(text if text.startswith("{") else b64decode(text, validate=True))
    except ValueError:
        log("WARNING", "the lineage of a dataset is damaged", lineage=metadata[_NAME][:200])
        return None
