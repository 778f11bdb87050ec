"""A dataset for the next model: the rows that the champion comes from, and the predictions labelled since.

The rows it begins with are always those of a dataset that people uploaded: where the champion was made from
a dataset of this module, the one with which that begins. To these come the predictions with an outcome, the
newest label of each; those that may be measured by are marked (`functions.monitor.thinning`), and beside a
label that nobody vouches for stands the key it comes from (`core.predictions.labels`). All are written by the
champion's schema. The object's name is a hash of the rows, the labels and the schema: by it is found what was
uploaded before. Which rows are marked moves with the traffic, and is no reason to train anew.
"""

import csv
import hashlib
import io
import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedRandom

import numpy as np

from functions.core.base.errors import InvalidInput, LifeboatError, NotFound
from functions.core.base.logs import log
from functions.core.registry.datasets import FOLDER, LABELLED
from functions.core.registry.manifest import Lineage, Manifest
from functions.core.schema.columns import Columns, from_values
from functions.core.schema.schema import LABELLED_BY, REPRESENTATIVE, Schema
from functions.core.schema.tables.table import open_table
from functions.core.stats.records import Tally
from functions.core.storage.view import ModelStore
from functions.monitor.labelled import Labelled, labeller_of, labels_fingerprint
from functions.monitor.report import Reason
from functions.monitor.thinning import representative

_ID = "prediction_id"
# Of the reference, that are in memory as tensors at once.
_CHUNK_ROWS = 10_000


class LostReference(LifeboatError):
    """The dataset that the champion was made from is not there any more, or is another by now."""


@dataclass(frozen=True, slots=True)
class Built:
    """A dataset that was put together, and where it belongs in the view of its model."""

    key: str
    body: bytes
    lineage: Lineage


def build_dataset(
    store: ModelStore,
    champion: Manifest,
    labelled: Sequence[Labelled],
    answered: Iterable[Tally],
    reason: Reason,
) -> Built:
    """Put the dataset together. Raises `LostReference`.

    labelled: in the order in which they are to stand; they fit the champion's schema. answered: as
    `representative` takes it.
    """
    schema = champion.schema_of_rows
    lineage = _lineage(champion, len(labelled), reason)
    ids = [label.prediction_id for label in labelled]
    before = _ids_measured_by(store, champion)
    marks = [
        mark or id_ in before
        for id_, mark in zip(ids, representative(champion, labelled, answered), strict=True)
    ]
    table = _Table(schema)
    with _reference(store, lineage) as file:
        _copy_rows(file, table, schema, lineage.reference_key)
    values = {name: [label.features[name] for label in labelled] for name in schema.names}
    outcomes, keys = [label.outcome for label in labelled], [labeller_of(label) for label in labelled]
    table.add(from_values(values, schema), outcomes, marks, keys, ids)
    name = _fingerprint(champion, lineage, labelled)
    return Built(f"{FOLDER}{LABELLED}{name}.csv", table.body(), lineage)


def _copy_rows(file: BufferedRandom, table: "_Table", schema: Schema, key: str) -> None:
    try:
        for chunk in open_table(file, schema, labelled=True, chunk_rows=_CHUNK_ROWS):
            no_ids = [""] * len(chunk.outcomes)
            table.add(chunk.columns, chunk.outcomes, chunk.representative, chunk.labelled_by, no_ids)
    except InvalidInput as error:
        # The champion may have been made by a later schema, from rows that other people labelled since.
        raise LostReference(f"{key} cannot be read by the champion's schema: {error}") from error


def schema_fingerprint(champion: Manifest) -> str:
    """A hash that changes when the champion's schema does."""
    return hashlib.sha256(json.dumps(champion.table_schema, sort_keys=True).encode()).hexdigest()[:16]


def _fingerprint(champion: Manifest, lineage: Lineage, labelled: Sequence[Labelled]) -> str:
    """A hash of what the dataset is made of."""
    parts = [lineage.reference_sha256, schema_fingerprint(champion), labels_fingerprint(labelled)]
    return hashlib.sha256("".join(parts).encode()).hexdigest()[:16]


def _lineage(champion: Manifest, labels: int, reason: Reason) -> Lineage:
    made_of = champion.dataset.lineage
    facts = champion.dataset
    return Lineage(
        reference_key=made_of.reference_key if made_of else facts.key,
        reference_version_id=made_of.reference_version_id if made_of else facts.version_id,
        reference_sha256=made_of.reference_sha256 if made_of else facts.sha256,
        labels=labels,
        reason=reason,
        champion=champion.version,
        uploaded_champion=made_of.uploaded_champion if made_of else champion.version,
    )


@contextmanager
def _reference(store: ModelStore, lineage: Lineage) -> Iterator[BufferedRandom]:
    """The very bytes that were uploaded then, in a temporary file."""
    key = lineage.reference_key
    if not key.startswith(store.full(FOLDER)):
        raise LostReference(
            f"the champion was made from {key}, which was not uploaded to {store.full('datasets/')}"
        )
    try:
        with _copy_of(store, key, lineage.reference_version_id) as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != lineage.reference_sha256:
                raise LostReference(f"{key} is not what it was when the champion was made from it")
            file.seek(0)
            yield file
    except NotFound as error:
        raise LostReference(f"{key}, which the champion was made from, is gone") from error


def _ids_measured_by(store: ModelStore, champion: Manifest) -> set[str]:
    """The labelled predictions, by id, that the champion was measured by itself.

    They were like the traffic of their time, when other versions answered. Without their dataset there is
    nothing to tell them by.
    """
    facts = champion.dataset
    if not facts.lineage:
        return set()
    try:
        with _copy_of(store, facts.key, facts.version_id) as file:
            rows = csv.DictReader(io.TextIOWrapper(file, encoding="utf-8", newline=""))
            return {row[_ID] for row in rows if row.get(REPRESENTATIVE) == "1"}
    except (NotFound, ValueError, KeyError, csv.Error) as error:
        # It is gone, is another by now, or lies where no dataset of this model can.
        log(
            "WARNING",
            "the labelled rows that the champion was measured by are not known any more: fewer rows measure "
            "the next model",
            model=store.model,
            dataset=facts.key,
            reason=str(error),
        )
        return set()


@contextmanager
def _copy_of(store: ModelStore, key: str, version_id: str | None) -> Iterator[BufferedRandom]:
    """A dataset in a temporary file. key: in the store. Raises `NotFound`."""
    with tempfile.TemporaryFile() as file:
        with store.open(store.relative(key), version_id) as stream:
            shutil.copyfileobj(stream, file)
        file.seek(0)
        yield file


class _Table:
    """A CSV of labelled rows that `core.schema.tables.table` reads back by the same schema."""

    def __init__(self, schema: Schema) -> None:
        self._names = schema.names
        self._outcomes = schema.target.cells()
        self._text = io.StringIO(newline="")
        # As RFC 4180 ends lines: cells with either character are put in quotes.
        self._rows = csv.writer(self._text, lineterminator="\r\n")
        self._rows.writerow([*schema.names, schema.target.name, REPRESENTATIVE, LABELLED_BY, _ID])

    def add(
        self,
        columns: Columns,
        outcomes: Iterable[int],
        marks: Iterable[int],
        keys: Iterable[str],
        ids: Iterable[str],
    ) -> None:
        """Add rows. columns: of tensors [N, 1]; the others have N items."""
        features = [map(_cell, columns[name].ravel()) for name in self._names]
        outcome_cells = (self._outcomes[int(outcome)] for outcome in outcomes)
        mark_cells = (str(int(mark)) for mark in marks)
        self._rows.writerows(zip(*features, outcome_cells, mark_cells, keys, ids, strict=True))

    def body(self) -> bytes:
        return self._text.getvalue().encode()


def _cell(value: str | np.float32) -> str:
    """A category as it is; of a float32 the shortest text that it can be read back from; "" for missing."""
    if isinstance(value, str):
        return value
    return "" if value != value else str(value).removesuffix(".0")
