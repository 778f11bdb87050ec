"""Publishes a version: its graph, what people compare and check it by, and its manifest, written last."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from functions.core.base.errors import UnprovenModel, UnusableModel
from functions.core.registry import versions
from functions.core.registry.comparison import Holdout
from functions.core.registry.keys import (
    candidates_key,
    holdout_key,
    model_key,
    part_key,
    report_key,
    rows_key,
    sha256,
)
from functions.core.registry.manifest import Certificate, DatasetFacts, File, Manifest, signature_of
from functions.core.schema.columns import to_values
from functions.core.storage.contract import Store
from training.gate.challenge import Challenge, decide
from training.model.evaluation import probabilities
from training.model.train import Trained
from training.model.version import libraries
from training.publication.mlmodel.document import mlflow_parts
from training.table.dataset import Dataset
from training.table.matrix import to_columns

# Of the holdout, this many rows stand beside a model for people to compare versions by.
MAX_HOLDOUT_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class Origin:
    """What a version is named after (`training.model.version`): the file's SHA-256, and how its model was
    made."""

    version: str
    dataset_sha256: str
    configuration: Mapping[str, Any]


def publish_version(challenge: Challenge, trained: Trained, origin: Origin) -> Manifest:
    """Write a version's parts and its manifest. Returns the manifest that counts: the first one written.

    Raises `UnprovenModel` when the graph that stands there is not this one, and is not proven.
    """
    store, dataset, version = challenge.store, challenge.dataset, origin.version
    model, certificate = _write_model(store, version, trained)
    decision, _ = decide(challenge, model)
    # They tell what this graph says, of this dataset: what another run left is no good.
    parts = {
        key: versions.write_part(store, version, key, body, is_good=lambda _: False)
        for key, body in (
            (holdout_key(version), _holdout(dataset, model)),
            (rows_key(version), _rows(dataset)),
            (report_key(version), dataset.report.as_json(key=challenge.upload.key)),
            (candidates_key(version), json.dumps(trained.parameters, indent=2).encode()),
            *(
                (part_key(version, name), body)
                for name, body in mlflow_parts(store.model, version, dataset.schema, len(model)).items()
            ),
        )
    }
    files = {model_key(version): model, **parts}
    return versions.write_manifest(
        store,
        Manifest(
            name=store.model,
            version=version,
            model=trained.name,
            table_schema=dict(dataset.schema.document),
            created_at=datetime.now(UTC),
            files={key.rpartition("/")[2]: _file(body) for key, body in files.items()},
            dataset=_facts(challenge, origin.dataset_sha256),
            configuration=dict(origin.configuration),
            libraries=libraries(),
            selection=trained.selection,
            notes=list(trained.notes),
            metrics=trained.metrics,
            confusion=trained.confusion,
            slices=trained.slices,
            calibration=trained.calibration,
            contributions=trained.contributions,
            certificate=certificate,
            signature=signature_of(dataset.schema),
            reference=trained.reference,
            background=trained.background,
            decision=decision,
        ),
    )


def _write_model(store: Store, version: str, trained: Trained) -> tuple[bytes, Certificate]:
    """The graph that stands in the store now, and its certificate.

    A run that died may have left a graph, and on another kind of processor the last bit of a weight can
    differ: what is there is kept only if it is proven as well.
    """

    def is_proven(left: bytes) -> bool:
        try:
            trained.certify(left)
        except (UnprovenModel, UnusableModel):
            return False
        return True

    model = versions.write_part(store, version, model_key(version), trained.model, is_good=is_proven)
    if model == trained.model:
        return model, trained.certificate
    return model, trained.certify(model)


def _facts(challenge: Challenge, sha256_of_file: str) -> DatasetFacts:
    upload, dataset = challenge.upload, challenge.dataset
    return DatasetFacts(
        key=upload.key,
        version_id=upload.version_id,
        sha256=sha256_of_file,
        uploaded_at=upload.uploaded_at,
        rows=len(dataset.outcome),
        positives=int(dataset.outcome.sum()),
        rejected_rows=dataset.rejected,
        train_rows=int(dataset.fitted.sum()),
        holdout_rows=int(dataset.holdout.sum()),
        train_positives=int(dataset.outcome[dataset.fitted].sum()),
        holdout_positives=int(dataset.outcome[dataset.holdout].sum()),
        representative_rows=int(dataset.representative.sum()),
        columns=dataset.report.columns,
        lineage=upload.lineage,
        uploaded_by=upload.uploaded_by,
    )


def _rows(dataset: Dataset) -> bytes:
    """The lines of the file that were used, as JSON: those of each side, as ranges [first, last]."""
    sides = {"train": dataset.lines[dataset.fitted], "holdout": dataset.lines[dataset.holdout]}
    return json.dumps({side: _ranges(lines) for side, lines in sides.items()}).encode()


def _ranges(lines: npt.NDArray[np.int64]) -> list[tuple[int, int]]:
    """Ascending numbers as ranges, both ends included."""
    gaps = np.flatnonzero(np.diff(lines) > 1)
    firsts = lines[np.concatenate([[0], gaps + 1])]
    lasts = lines[np.concatenate([gaps, [len(lines) - 1]])]
    return list(zip(firsts.tolist(), lasts.tolist(), strict=True))


def _file(body: bytes) -> File:
    return File(sha256=sha256(body), size=len(body))


def _holdout(dataset: Dataset, model: bytes) -> bytes:
    """The held-out rows and what the graph says of them, as JSON."""
    rows = dataset.sample(MAX_HOLDOUT_ROWS)
    matrix, outcome = dataset.matrix[rows], dataset.outcome[rows]
    holdout = Holdout(
        features=to_values(to_columns(matrix, dataset.schema)),
        outcome=outcome.tolist(),
        probability=probabilities(model, matrix, dataset.schema).tolist(),
    )
    return holdout.model_dump_json().encode()
