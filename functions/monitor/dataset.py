"""A dataset for the next model: the rows that the champion comes from, and the predictions labelled since.

The rows it begins with are always those of a dataset that people uploaded: where the champion was made from
a dataset of this module, the one with which that begins. To these come the predictions with an outcome, the
newest label of each; those that may be measured by are marked (`functions.monitor.thinning`). The object's
name is a hash of these rows and labels: what was uploaded before is found by it. Which rows are marked moves
with the traffic, and is no reason to train anew.
"""

import csv
import hashlib
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedRandom
from typing import Any

from functions.core.base.errors import LifeboatError, NotFound
from functions.core.registry.manifest import Lineage, Manifest
from functions.core.schema.columns import Columns, from_values
from functions.core.schema.passenger import FEATURES
from functions.core.schema.table import LABEL, REPRESENTATIVE, read_passengers
from functions.core.stats.records import Tally
from functions.core.storage.contract import Store
from functions.monitor.labelled import Labelled
from functions.monitor.report import Reason
from functions.monitor.thinning import representative

_HEADER = ",".join([*FEATURES, LABEL, REPRESENTATIVE, "prediction_id"]) + "\n"


class LostReference(LifeboatError):
    """The dataset that the champion was made from is not there any more, or is another by now."""


@dataclass(frozen=True, slots=True)
class Built:
    """A dataset that was put together, and where it belongs."""

    key: str
    body: bytes
    lineage: Lineage


def build(
    store: Store,
    champion: Manifest,
    labelled: Sequence[Labelled],
    answered: Iterable[Tally],
    reason: Reason,
) -> Built:
    """Put the dataset together. Raises `LostReference`.

    labelled: in the order in which they are to stand. answered: as `representative` takes it.
    """
    found = _lineage(champion, len(labelled), reason)
    with _reference(store, found) as file:
        parts = [_HEADER]
        for chunk in read_passengers(file, labelled=True):
            parts += _lines(chunk.columns, chunk.survived, chunk.representative, [""] * len(chunk.survived))
    values = {name: [one.features[name] for one in labelled] for name in FEATURES}
    survived = [int(one.survived) for one in labelled]
    ids = [one.prediction_id for one in labelled]
    before = _marked(store, champion)
    kept = [int(one) for one in representative(champion, labelled, answered)]
    kept = [mark or int(id_ in before) for id_, mark in zip(ids, kept, strict=True)]
    parts += _lines(from_values(values), survived, kept, ids)
    named_by = [found.reference_sha256, *(f"{one.prediction_id}{one.survived:d}" for one in labelled)]
    name = hashlib.sha256("".join(named_by).encode()).hexdigest()[:16]
    return Built(f"datasets/labelled-{name}.csv", "".join(parts).encode(), found)


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
    )


@contextmanager
def _reference(store: Store, found: Lineage) -> Iterator[BufferedRandom]:
    """The very bytes that were uploaded then, in a temporary file."""
    key = found.reference_key
    if not key.startswith("datasets/"):
        raise LostReference(f"the champion was made from {key}, which was not uploaded to datasets/")
    try:
        with _copy_of(store, key, found.reference_version_id) as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != found.reference_sha256:
                raise LostReference(f"{key} is not what it was when the champion was made from it")
            file.seek(0)
            yield file
    except NotFound as error:
        raise LostReference(f"{key}, which the champion was made from, is gone") from error


def _marked(store: Store, champion: Manifest) -> set[str]:
    """The labelled predictions, by id, that the champion was measured by itself.

    They were like the traffic of their time, when other versions answered. Without their dataset there is
    nothing to tell them by.
    """
    facts = champion.dataset
    if not facts.lineage:
        return set()
    try:
        with _copy_of(store, facts.key, facts.version_id) as file:
            rows = csv.DictReader(line.decode() for line in file)
            return {row["prediction_id"] for row in rows if row.get(REPRESENTATIVE) == "1"}
    except NotFound:
        return set()


@contextmanager
def _copy_of(store: Store, key: str, version_id: str | None) -> Iterator[BufferedRandom]:
    """A dataset in a temporary file. Raises `NotFound`."""
    with tempfile.TemporaryFile() as file:
        with store.open(key, version_id) as stream:
            shutil.copyfileobj(stream, file)
        file.seek(0)
        yield file


def _lines(
    columns: Columns, survived: Sequence[int], kept: Sequence[int], ids: Sequence[str]
) -> Iterator[str]:
    cells = [map(_cell, columns[name].ravel()) for name in FEATURES]
    for row in zip(*cells, map(str, survived), map(str, kept), ids, strict=True):
        yield ",".join(row) + "\n"


def _cell(value: Any) -> str:
    """A category as it is; of a float32 the shortest text that it can be read back from; "" for missing."""
    return "" if value != value else str(value).removesuffix(".0")
