"""The final fit, and the certificate's comparison of all rows, on the workers that have the rows."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin, clone
from sklearn.pipeline import Pipeline

from functions.core.schema.schema import Schema
from training.cluster.connection import WorkerLost, results_of, submit
from training.cluster.fitting import (
    Share,
    compare_share,
    end_fit,
    find_address,
    fit_alone,
    fit_share,
    network_parameters,
)
from training.estimators.boosted import Boosted
from training.estimators.candidates import candidates
from training.estimators.gaps import unknown_columns
from training.proof.certificate import CompareRows, Difference
from training.table.dataset import Dataset

BOOSTED = "boosting by LightGBM"

_PORT_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Block:
    """What one worker has: pieces that follow one another, and how many rows they are."""

    worker: str
    pieces: tuple[Any, ...]
    rows: int


class FittingThere:
    """Fits and compares on the workers that have the rows, in their order."""

    def __init__(
        self,
        client: Any,
        blocks: Sequence[Block],
        schema: Schema,
        *,
        threads: int,
        one_worker_rows: int,
    ) -> None:
        self._client, self._blocks, self._schema = client, blocks, schema
        self._threads, self._one_worker_rows = threads, one_worker_rows
        self._said: list[str] = []
        self._fit = ""

    @property
    def rows(self) -> list[int]:
        """How many rows each worker has."""
        return [block.rows for block in self._blocks]

    @property
    def notes(self) -> tuple[str, ...]:
        each = " and ".join(f"{rows:,}" for rows in self.rows)
        return (f"the rows were read by workers of a cluster, {each} of them", *self._said, self._fit)

    def candidates(self, dataset: Dataset) -> dict[str, Any]:
        rows = int(dataset.fitted.sum())
        models = {
            f"{BOOSTED} of small trees": _boosted(self._threads, trees=150, rate=0.07, leaves=16),
            BOOSTED: _boosted(self._threads),
        }
        of = f"{self._one_worker_rows:,} rows of the training side"
        if rows > self._one_worker_rows:
            self._said = [f"beyond {of}, only what all workers fit together was compared: LightGBM"]
            return models
        self._said = [f"up to {of} fit one worker: scikit-learn's candidates were compared as well"]
        return candidates(dataset.schema.features, rows) | models

    def fit(self, model: Pipeline, dataset: Dataset) -> Pipeline:
        if not isinstance(model[-1], Boosted):
            self._fit = "one worker fitted the model, by scikit-learn, on all rows of the training side"
            first, *_ = self._blocks
            pieces = [piece for block in self._blocks for piece in block.pieces]
            there = submit(
                self._client, first.worker, fit_alone, model, self._document, dataset.fitted, *pieces
            )
            [fitted] = self._results([there])
            return fitted
        self._fit = (
            f"LightGBM fitted the model on all rows of the training side, on {len(self._blocks)} workers "
            f"together (threads of each: {self._threads})"
        )
        fitted = clone(model)
        fitted[-1].take(self._fit_together(fitted[-1], dataset))
        return fitted

    def _fit_together(self, model: Boosted, dataset: Dataset) -> str:
        name, machines = uuid.uuid4().hex, self._machines()
        fitted, unknown = dataset.fitted, unknown_columns(dataset.matrix, dataset.fitted)
        ends = np.cumsum(self.rows)
        futures = [
            submit(
                self._client,
                block.worker,
                fit_share,
                Share(
                    fit=name,
                    schema=self._document,
                    fitted=fitted[end - block.rows : end],
                    unknown=unknown,
                    rank=rank,
                    of=int(fitted.sum()),
                    parameters=model.parameters() | network_parameters(machines, rank),
                ),
                *block.pieces,
            )
            for rank, (block, end) in enumerate(zip(self._blocks, ends, strict=True))
        ]
        try:
            first, *_ = [*self._results(futures)]
        except BaseException:
            # Those who are left would wait for the lost one for ever.
            self._client.run(end_fit, name, on_error="ignore")
            raise
        return str(first)

    def _machines(self) -> list[str]:
        """An address of its own for each worker's part of a fit."""
        for _ in range(_PORT_ATTEMPTS):
            futures = [
                submit(self._client, block.worker, find_address, block.worker) for block in self._blocks
            ]
            machines = [*self._results(futures)]
            if len({*machines}) == len(machines):
                return machines
        raise WorkerLost("the workers find no ports of their own at which to speak to one another")

    @property
    def compare_rows(self) -> CompareRows:
        return self._compare_rows

    def _compare_rows(self, estimator: ClassifierMixin, graph: bytes) -> Iterator[Difference]:
        futures = [
            submit(self._client, block.worker, compare_share, estimator, graph, self._document, *block.pieces)
            for block in self._blocks
        ]
        return self._results(futures)

    @property
    def _document(self) -> Mapping[str, Any]:
        return self._schema.document

    def _results(self, futures: Sequence[Any]) -> Iterator[Any]:
        return results_of(self._client, futures, [block.worker for block in self._blocks])


def _boosted(threads: int, **options: Any) -> Pipeline:
    return Pipeline([("model", Boosted(threads=threads, **options))])
