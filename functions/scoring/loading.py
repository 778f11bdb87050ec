"""The version that scores a job: loaded once, and kept from job to job."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from functions.core.registry import serving
from functions.core.registry.background import read_background
from functions.core.registry.serving import ServedVersion
from functions.core.schema.columns import Columns
from functions.core.schema.rows import RowReader
from functions.core.scoring.explain import Explanation, explain
from functions.core.scoring.scorer import Scorer
from functions.core.storage.view import ModelReader

_KEPT = 2


@dataclass(frozen=True, slots=True)
class Loaded:
    """A version that can score, and what reads its rows."""

    served: ServedVersion
    scorer: Scorer
    rows: RowReader

    def explainer(self) -> Callable[[Columns], Explanation]:
        """What explains rows. Raises `UnusableModel` for a version without a background."""
        background = read_background(self.served)
        return lambda columns: explain(columns, background, self.scorer, self.served.schema.names)


class Loader:
    """Versions of the models of one store."""

    def __init__(self) -> None:
        self._loaded: OrderedDict[tuple[str, str], Loaded] = OrderedDict()

    def champion(self, reader: ModelReader) -> str:
        """The version in service. Raises `NoChampion`, `UnusableModel`."""
        return serving.read_served_champion(reader).version

    def version(self, reader: ModelReader, version: str) -> Loaded:
        """Raises `NotFound`, `UnusableModel`, `StoreUnavailable`."""
        name = (reader.model, version)
        if name not in self._loaded:
            self._loaded[name] = _load(reader, version)
        self._loaded.move_to_end(name)
        if len(self._loaded) > _KEPT:
            self._loaded.popitem(last=False)
        return self._loaded[name]


def _load(reader: ModelReader, version: str) -> Loaded:
    digest = serving.read_published_digest(reader, version)
    served = serving.read_served_version(reader, version, digest)
    graph = serving.read_graph(reader, version, served.model_sha256)
    return Loaded(served, Scorer(graph, served.schema), RowReader(served.schema))
