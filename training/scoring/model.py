"""The version that scores, as it stands in the store: bytes that can be sent to any process."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from functions.core.registry.background import read_background
from functions.core.registry.serving import (
    read_graph,
    read_published_digest,
    read_served_champion,
    read_served_version,
)
from functions.core.schema.columns import Columns, from_values
from functions.core.schema.document.parsing import parse_schema
from functions.core.schema.rows import RowReader
from functions.core.scoring.explain import Explanation, explain
from functions.core.scoring.scorer import Scorer
from functions.core.storage.contract import Reader


@dataclass(frozen=True, slots=True)
class ScoringModel:
    """name: of the model. schema: the document. background: the rows that stand for "not known" where
    answers are to be explained, column by column; None where they are not.
    """

    name: str
    version: str
    schema: Mapping[str, Any]
    graph: bytes
    background: Mapping[str, Any] | None = None

    def reader(self) -> RowReader:
        """What reads rows of its schema."""
        return RowReader(parse_schema(self.schema))

    def scorer(self) -> Scorer:
        """The loaded graph. Raises `UnusableModel`."""
        return Scorer(self.graph, parse_schema(self.schema))

    def explainer(self, scorer: Scorer) -> Callable[[Columns], Explanation] | None:
        """What explains rows, where they are to be."""
        if self.background is None:
            return None
        schema = parse_schema(self.schema)
        background = from_values(self.background, schema)
        return lambda columns: explain(columns, background, scorer, schema.names)


def read_scoring_model(store: Reader, version: str | None = None, *, explained: bool = False) -> ScoringModel:
    """The version, or else the champion, of the model whose part of a store this is. explained: it explains
    its answers.

    Raises `NoChampion`, `NotFound`, `UnusableModel`.
    """
    if version is None:
        champion = read_served_champion(store)
        version, digest = champion.version, champion.manifest_sha256
    else:
        digest = read_published_digest(store, version)
    served = read_served_version(store, version, digest)
    graph = read_graph(store, version, served.model_sha256)
    if explained:
        # What is wrong with it is said before a row is read.
        read_background(served)
    background = served.background if explained else None
    return ScoringModel(served.name, version, served.schema.document, graph, background)
