"""A dataset's model on its way to the champion's place: where it came from, and what the gate says of it."""

from dataclasses import dataclass

import numpy as np

from functions.core.base.errors import NotFound, UnusableModel
from functions.core.base.logs import log
from functions.core.registry import deployment, versions
from functions.core.registry.deployment import Champion
from functions.core.registry.manifest import Decision
from functions.core.storage.view import ModelStore
from training.gate.bootstrap import distinct
from training.gate.expectations import surprises
from training.gate.floors import hold_back
from training.gate.rules import Limits, Rival, Rows, judge
from training.gate.sentences import Refusal, newer_upload, too_few_shared_rows
from training.model.evaluation import probabilities
from training.table.dataset import Dataset
from training.table.matrix import Mask, holdout_rows, translate
from training.table.provenance import Upload


@dataclass(frozen=True, slots=True)
class Challenge:
    """An upload that was read, the part of the store in which it competes, and the limits it is judged by."""

    store: ModelStore
    upload: Upload
    dataset: Dataset
    limits: Limits


def decide(challenge: Challenge, model: bytes) -> tuple[Decision, tuple[Champion, str] | None]:
    """The gate's decision on the graph `model`, and the champion with its ETag against which it was made."""
    dataset, limits = challenge.dataset, challenge.limits
    expected = deployment.read_to_replace(challenge.store)
    try:
        shared = _shared_rows(challenge, expected[0]) if expected else None
    except (NotFound, UnusableModel):
        # A champion that cannot be loaded cannot be compared with, nor can it serve.
        shared = None
    if isinstance(shared, Decision):
        return shared, expected
    chances = probabilities(model, dataset.matrix[dataset.holdout], dataset.schema)
    surprising = surprises(model, dataset.schema)
    ancestor = _ancestor(challenge)

    def judged(rows: Mask, champion: Rival | None) -> Decision:
        return judge(
            _rows(dataset, rows),
            chances[rows],
            champion,
            limits,
            surprises=surprising,
            ancestor=ancestor and Rival(ancestor.version, ancestor.probability[rows]),
        )

    if shared is None:
        return judged(np.ones(len(chances), dtype=bool), None), expected
    if not shared.rows.all():
        # The floors are judged on every row that was held out.
        alone = judged(np.ones(len(chances), dtype=bool), None)
        objection = _too_few(_rows(dataset, shared.rows), shared.champion.version, limits)
        if not alone.promote or objection:
            if alone.promote and objection:
                alone = hold_back(alone, "changed schema", objection)
            return alone.model_copy(update={"champion": shared.champion.version}), expected
    return judged(shared.rows, shared.champion), expected


@dataclass(frozen=True, slots=True)
class _Shared:
    """The held-out rows that the champion was not fitted on either, bool [H], and what it says of them."""

    rows: Mask
    champion: Rival


def _shared_rows(challenge: Challenge, champion: Champion) -> _Shared | Decision:
    """What the champion can be compared on, or why it shall not be: it is of a later upload.

    Raises `NotFound`, `UnusableModel` when the champion cannot be had.
    """
    store, dataset, version = challenge.store, challenge.dataset, champion.version
    manifest = versions.read_manifest(store, version, champion.manifest_sha256)
    graph = versions.read_model(store, manifest)
    if manifest.dataset.uploaded_at > challenge.upload.uploaded_at:
        reason = str(newer_upload(version))
        return Decision(promote=False, rule="newer upload", reason=reason, champion=version)
    schema = manifest.schema_of_rows
    matrix = translate(dataset.matrix[dataset.holdout], dataset.schema, schema)
    # A row's side depends on its features: by another schema it may stand on the other side.
    rows = holdout_rows(matrix)
    return _Shared(rows, Rival(version, probabilities(graph, matrix[rows], schema)))


def _ancestor(challenge: Challenge) -> Rival | None:
    """What the model of the uploaded rows alone says of the holdout, where others have come to them.

    None where it cannot be had any more, or was fitted on some of the held-out rows, by another schema.
    """
    lineage, dataset = challenge.upload.lineage, challenge.dataset
    if lineage is None or lineage.uploaded_champion is None:
        return None
    version = lineage.uploaded_champion
    try:
        manifest = versions.read_manifest(challenge.store, version)
        graph = versions.read_model(challenge.store, manifest)
    except (NotFound, UnusableModel) as error:
        log("WARNING", "not compared with the model of the uploaded rows", version=version, reason=str(error))
        return None
    schema = manifest.schema_of_rows
    matrix = translate(dataset.matrix[dataset.holdout], dataset.schema, schema)
    if not holdout_rows(matrix).all():
        reason = "by its schema, it was fitted on some of the rows that are held out now"
        log("WARNING", "not compared with the model of the uploaded rows", version=version, reason=reason)
        return None
    return Rival(version, probabilities(graph, matrix, schema))


def _rows(dataset: Dataset, rows: Mask) -> Rows:
    matrix, outcome = dataset.judged
    return Rows.of(matrix[rows], outcome[rows], dataset.schema, dataset.vouched[dataset.holdout][rows])


def _too_few(rows: Rows, version: str, limits: Limits) -> Refusal | None:
    """Why the rows that both models hold out are too few to compare them; None when they are not."""
    different = distinct(rows.twins)
    if different >= limits.min_holdout_rows and len(np.unique(rows.outcome)) == 2:
        return None
    return too_few_shared_rows(different, limits.min_holdout_rows, version)
