"""The version that scores, as it stands in the store: bytes that can be sent to any process."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from functions.core.registry.serving import (
    read_graph,
    read_published_digest,
    read_served_champion,
    read_served_version,
)
from functions.core.schema.parsing import parse_schema
from functions.core.schema.rows import RowReader
from functions.core.scoring.scorer import Scorer
from functions.core.storage.contract import Reader


@dataclass(frozen=True, slots=True)
class ScoringModel:
    """name: of the model. schema: the document."""

    name: str
    version: str
    schema: Mapping[str, Any]
    graph: bytes

    def reader(self) -> RowReader:
        """What reads rows of its schema."""
        return RowReader(parse_schema(self.schema))

    def scorer(self) -> Scorer:
        """The loaded graph. Raises `UnusableModel`."""
        return Scorer(self.graph, parse_schema(self.schema))


def read_scoring_model(store: Reader, version: str | None = None) -> ScoringModel:
    """The version, or else the champion, of the model whose part of a store this is.

    Raises `NoChampion`, `NotFound`, `UnusableModel`.
    """
    if version is None:
        champion = read_served_champion(store)
        version, digest = champion.version, champion.manifest_sha256
    else:
        digest = read_published_digest(store, version)
    served = read_served_version(store, version, digest)
    graph = read_graph(store, version, served.model_sha256)
    return ScoringModel(served.name, version, served.schema.document, graph)
