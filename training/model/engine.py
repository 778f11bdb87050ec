"""Where a table is read and a model fitted: on this machine, or on a cluster."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from functions.core.schema.schema import Schema
from training.model.train import Configuration, Fitting, FittingHere
from training.table.dataset import Dataset, load_dataset
from training.table.source import Source


class Work(Protocol):
    """A training of one table.

    configuration: all that the model depends on, beside data, schema, code and libraries.
    """

    @property
    def configuration(self) -> Mapping[str, Any]: ...

    @property
    def fitting(self) -> Fitting: ...

    def dataset(self) -> Dataset:
        """The table. Raises `RefusedDataset`."""
        ...


class Engine(Protocol):
    def begin(
        self, source: Source, schema: Schema, notes: Sequence[str], configuration: Configuration
    ) -> Work:
        """The work on a table. notes: what is to be said of its schema. Raises `RefusedDataset` where the
        table has to be read for it."""
        ...


@dataclass(frozen=True, slots=True)
class _WorkHere:
    source: Source
    schema: Schema
    notes: Sequence[str]
    chosen: Configuration
    fitting: Fitting

    @property
    def configuration(self) -> Mapping[str, Any]:
        return asdict(self.chosen)

    def dataset(self) -> Dataset:
        share = self.chosen.max_key_share
        return load_dataset(self.source, self.schema, notes=self.notes, max_key_share=share)


class ThisMachine:
    """All of it here."""

    def begin(
        self, source: Source, schema: Schema, notes: Sequence[str], configuration: Configuration
    ) -> Work:
        return _WorkHere(source, schema, notes, configuration, FittingHere())
