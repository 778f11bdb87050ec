"""The lineage of a dataset, as metadata of its object."""

import json
from collections.abc import Mapping

from pydantic import ValidationError

from functions.core.base.logs import log
from functions.core.registry.manifest import Lineage

_NAME = "lineage"


def to_metadata(lineage: Lineage) -> dict[str, str]:
    """ASCII, whatever the name of the file: metadata travels in HTTP headers."""
    return {_NAME: json.dumps(lineage.model_dump())}


def from_metadata(metadata: Mapping[str, str]) -> Lineage | None:
    """None for a dataset that people uploaded, and for a damaged lineage: its rows can train all the same."""
    if _NAME not in metadata:
        return None
    try:
        return Lineage.model_validate_json(metadata[_NAME])
    except ValidationError:
        log("WARNING", "the lineage of a dataset is damaged", lineage=metadata[_NAME][:200])
        return None
