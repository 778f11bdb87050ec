"""A training whose rows stay on the workers of a cluster.

Files are cut into pieces; each worker gets pieces that follow one another, reads them and keeps them. This
machine gets their rows as a matrix, 4 bytes a number, to split them, to compare candidates on a sample, and
to judge. The final fit and the certificate's comparison of all rows are done where the rows are.

LightGBM's own Dask estimator takes rows in the order in which they happened to be ready, from collections
that need pandas, and waits for ever for a worker that is gone. Here each worker has its place and its rows in
their order, so that sums are made in the same order every time: the same number of workers gives the same
bytes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from functions.core.base.errors import InvalidInput
from functions.core.schema.schema import Schema
from training.cluster.alike import check_alike, describe
from training.cluster.connection import results_of, submit
from training.cluster.fitting_there import Block, FittingThere
from training.cluster.pieces import Surveyed, assign, piece_bytes, read_piece, survey_file
from training.model.evaluation import Progress
from training.model.train import Configuration
from training.table.dataset import Dataset, DatasetSoFar, RefusedDataset
from training.table.formats import files_of
from training.table.memory import available_memory
from training.table.source import Source, size_of


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
        check_alike(client, self._described)

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
            submit(self._client, worker, read_piece, files[name], schema.document, piece)
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
            Block(worker, (*futures[block.start : block.stop],), sum(counts[block.start : block.stop]))
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
        futures = [
            submit(self._client, None, survey_file, file, schema.document, size) for file in files.values()
        ]
        results = results_of(self._client, futures, self._workers)
        surveyed: dict[str, Surveyed] = {}
        for name in files:
            self._progress("survey", len(surveyed), len(files))
            try:
                surveyed[name] = next(results)
            except InvalidInput as error:
                raise RefusedDataset(f"{name}: {error}" if name else str(error)) from error
        return surveyed


@dataclass(frozen=True, slots=True)
class ClusterWork:
    """A table that was read."""

    configuration: Mapping[str, Any]
    fitting: "FittingThere"
    so_far: DatasetSoFar

    def dataset(self) -> Dataset:
        return self.so_far.dataset()


def _absolute(source: Source) -> Source:
    return source.resolve() if isinstance(source, Path) else source
