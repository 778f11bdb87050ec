"""A training whose rows stay on the workers of a cluster.

Files are cut into pieces; each worker gets pieces that follow one another, reads them and keeps them. This
machine gets their rows as a matrix, 4 bytes a number, to split them, to compare candidates on a sample, and
to judge. The final fit and the certificate's comparison of all rows are done where the rows are.

LightGBM's own Dask estimator takes rows in the order in which they happened to be ready, from collections
that need pandas, and waits for ever for a worker that is gone. Here each worker has its place and its rows in
their order, so that sums are made in the same order every time: the same number of workers gives the same
bytes.
"""

import importlib.metadata
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin, clone
from sklearn.pipeline import Pipeline

from functions.core.base.errors import InvalidInput
from functions.core.schema.schema import Schema
from training.boosted import HOW_TO_GET, Boosted
from training.candidates import candidates
from training.certificate import CompareRows, Difference
from training.cluster.connection import WorkerLost, results_of
from training.cluster.fitting import (
    Share,
    compare_share,
    end_fit,
    find_address,
    fit_alone,
    fit_share,
    network_parameters,
)
from training.cluster.pieces import Surveyed, assign, piece_bytes, read_piece, survey_file
from training.dataset import Dataset, DatasetSoFar, RefusedDataset
from training.evaluation import Progress
from training.gaps import unknown_columns
from training.memory import available_memory
from training.source import Source, size_of
from training.tables import files_of
from training.train import Configuration
from training.version import digests_of, libraries

BOOSTED = "boosting by LightGBM"
_PORT_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class _Block:
    """What one worker has: pieces that follow one another, and how many rows they are."""

    worker: str
    pieces: tuple[Any, ...]
    rows: int


class Cluster:
    """client: of Dask, as `training.cluster.connection.connect` gives it. one_worker_rows: up to so many rows
    of the training side, scikit-learn's candidates are compared as well, and fitted by one worker.

    Raises `InvalidInput` where a worker has other code or libraries than this machine.
    """

    def __init__(self, client: Any, progress: Progress, *, one_worker_rows: int) -> None:
        self._client, self._progress, self._one_worker_rows = client, progress, one_worker_rows
        threads = client.nthreads()
        self._workers, self._threads = sorted(threads), min(threads.values())
        self._described = describe()
        _check_alike(client, self._described)

    def begin(
        self, source: Source, schema: Schema, notes: Sequence[str], configuration: Configuration
    ) -> "ClusterWork":
        """Read the table: how many rows each worker has is part of what a version is named after."""
        files = {name: _absolute(file) for name, file in files_of(source).items()}
        surveyed = self._survey(files, schema)
        tasks = [(name, piece) for name, found in surveyed.items() for piece in found.pieces]
        blocks = assign([piece for _, piece in tasks], len(self._workers))
        workers = [worker for worker, block in zip(self._workers, blocks, strict=False) for _ in block]
        futures = [
            self._submit(worker, read_piece, files[name], schema.document, piece)
            for worker, (name, piece) in zip(workers, tasks, strict=True)
        ]
        results = results_of(self._client, futures, self._workers)
        so_far, counts = DatasetSoFar(schema, notes, configuration.max_key_share), [0] * len(futures)
        memory, done = available_memory(), 0
        most = memory.most_gathered_rows(len(schema.features))
        for name, found in surveyed.items():
            with so_far.refusing():
                so_far.begin_file(name)
                so_far.set_columns(found.report)
                for _ in found.pieces:
                    self._progress("read", done, len(futures))
                    rows = next(results)
                    so_far.add(rows)
                    counts[done] = len(rows)
                    done += 1
                    so_far.refuse_many_rows(most, str(memory), memory.cure)
        filled = [
            _Block(worker, (*futures[block.start : block.stop],), sum(counts[block.start : block.stop]))
            for worker, block in zip(self._workers, blocks, strict=False)
        ]
        fitting = FittingThere(
            self._client,
            [block for block in filled if block.rows],
            schema,
            threads=self._threads,
            one_worker_rows=self._one_worker_rows,
        )
        facts = {"rows": fitting.rows, "threads": self._threads, "one_worker_rows": self._one_worker_rows}
        return ClusterWork({**asdict(configuration), "cluster": facts | self._described}, fitting, so_far)

    def _survey(self, files: Mapping[str, Source], schema: Schema) -> dict[str, Surveyed]:
        """What is in each file. Raises `RefusedDataset` for one that is no table of the schema."""
        size = piece_bytes(sum(map(size_of, files.values())), len(self._workers))
        futures = [self._submit(None, survey_file, file, schema.document, size) for file in files.values()]
        results = results_of(self._client, futures, self._workers)
        surveyed: dict[str, Surveyed] = {}
        for name in files:
            self._progress("survey", len(surveyed), len(files))
            try:
                surveyed[name] = next(results)
            except InvalidInput as error:
                raise RefusedDataset(f"{name}: {error}" if name else str(error)) from error
        return surveyed

    def _submit(self, worker: str | None, function: Any, *arguments: Any) -> Any:
        return _submit(self._client, worker, function, *arguments)


@dataclass(frozen=True, slots=True)
class ClusterWork:
    """A table that was read."""

    configuration: Mapping[str, Any]
    fitting: "FittingThere"
    so_far: DatasetSoFar

    def dataset(self) -> Dataset:
        return self.so_far.dataset()


class FittingThere:
    """Fits and compares on the workers that have the rows, in their order."""

    def __init__(
        self,
        client: Any,
        blocks: Sequence[_Block],
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
            there = self._submit(first.worker, fit_alone, model, self._document, dataset.fitted, *pieces)
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
            self._submit(
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
            futures = [self._submit(block.worker, find_address, block.worker) for block in self._blocks]
            machines = [*self._results(futures)]
            if len({*machines}) == len(machines):
                return machines
        raise WorkerLost("the workers find no ports of their own at which to speak to one another")

    @property
    def compare_rows(self) -> CompareRows:
        return self._compare_rows

    def _compare_rows(self, estimator: ClassifierMixin, graph: bytes) -> Iterator[Difference]:
        futures = [
            self._submit(block.worker, compare_share, estimator, graph, self._document, *block.pieces)
            for block in self._blocks
        ]
        return self._results(futures)

    @property
    def _document(self) -> Mapping[str, Any]:
        return self._schema.document

    def _submit(self, worker: str, function: Any, *arguments: Any) -> Any:
        return _submit(self._client, worker, function, *arguments)

    def _results(self, futures: Sequence[Any]) -> Iterator[Any]:
        return results_of(self._client, futures, [block.worker for block in self._blocks])


def _check_alike(client: Any, described: Mapping[str, Any]) -> None:
    """Raise `InvalidInput` for a worker that would make another model."""
    try:
        found = client.run(describe_worker)
    # What Dask raises for a worker that cannot import this code has no common base.
    except Exception as error:
        raise InvalidInput(
            f"the workers of the cluster do not have this code ({type(error).__name__}: {str(error)[:200]})"
        ) from error
    for worker, theirs in found.items():
        if theirs != {**described, "libraries": libraries()}:
            raise InvalidInput(
                f"the worker {worker} of the cluster has other code or libraries than this machine: install "
                "the same on both (requirements.txt, requirements-scale.txt)"
            )


def describe_worker() -> dict[str, Any]:
    """The same of a worker, with all libraries; what it lacks is a difference."""
    try:
        return {**describe(), "libraries": libraries()}
    except (InvalidInput, importlib.metadata.PackageNotFoundError) as error:
        return {"lacks": str(error)}


def _absolute(source: Source) -> Source:
    return source.resolve() if isinstance(source, Path) else source


def _submit(client: Any, worker: str | None, function: Any, *arguments: Any) -> Any:
    """A task for this worker alone, or for any; of the same arguments, it is done again."""
    return client.submit(function, *arguments, workers=worker and [worker], pure=False, retries=0)


def _boosted(threads: int, **options: Any) -> Pipeline:
    return Pipeline([("model", Boosted(threads=threads, **options))])


def describe() -> dict[str, Any]:
    """What a model depends on of the machine that this is: code and libraries beyond those of any training.

    Raises `InvalidInput` without LightGBM.
    """
    try:
        lightgbm = importlib.metadata.version("lightgbm")
    except importlib.metadata.PackageNotFoundError as error:
        raise InvalidInput(HOW_TO_GET) from error
    here = Path(__file__).parent
    return {"lightgbm": lightgbm, "code": digests_of([here, here.parent / "boosted.py"])}
