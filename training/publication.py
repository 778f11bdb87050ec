"""From an uploaded file to a published version and, if the gate agrees, a new champion."""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from functions.core.base.errors import Conflict, NoChampion, NotFound, UnprovenModel, UnusableModel
from functions.core.registry import deployment, versions
from functions.core.registry.comparison import Holdout
from functions.core.registry.deployment import Champion
from functions.core.registry.manifest import DatasetFacts, Decision, File, Lineage, Manifest
from functions.core.schema.columns import to_values
from functions.core.storage.contract import Store
from functions.core.storage.probe import probe
from training.certificate import certify
from training.dataset import Dataset, RefusedDataset, file_sha256, load_dataset, to_columns
from training.evaluation import Probabilities, Progress
from training.expectations import surprises
from training.gate import Limits, judge
from training.train import Configuration, Trained, libraries, probabilities, train, version_of

Status = Literal["promoted", "published", "already published", "rejected"]
_ATTEMPTS = 10
# Of the holdout, this many rows stand beside a model for people to compare versions by.
MOST_HOLDOUT_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class Upload:
    """Where a dataset came from. `uploaded_at` in UTC; `lineage` of one that was made from feedback."""

    key: str
    uploaded_at: datetime
    version_id: str | None = None
    lineage: Lineage | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an upload, and by which rule. `version` is None when the file was refused."""

    key: str
    status: Status
    decision: Decision
    version: str | None = None

    def answer(self) -> dict[str, Any]:
        """The same without nesting, for logs: the decision's rule, reason and numbers beside the rest."""
        found = {"key": self.key, "status": self.status, "version": self.version}
        return found | self.decision.model_dump(exclude={"promote"})


def train_and_publish(
    store: Store,
    upload: Upload,
    path: Path,
    *,
    by: str,
    configuration: Configuration | None = None,
    limits: Limits | None = None,
    progress: Progress = lambda _what, _done, _of: None,
) -> Outcome:
    """Train on the file at `path`, publish the model, and promote it if the gate lets it.

    May be repeated at any time: a version that is published is not trained again, a promotion that was
    cut off is finished, one that was made is left alone. A file that cannot train is reported below
    `rejected/` and changes nothing else. Raises `UnsafeStore`, `StoreUnavailable`, `UnprovenModel`.
    """
    probe(store)
    configuration, limits = configuration or Configuration(), limits or Limits()
    sha256 = file_sha256(path)
    version = version_of(sha256, configuration)
    try:
        manifest = versions.read_manifest(store, version)
        # A deletion at the moment of publication can have left a manifest alone: then all is made again.
        store.head(versions.model_key(version))
    except NotFound:
        manifest = None
    if manifest and _settled(store, manifest, limits):
        reason = f"the same data made this version before; it was said then: {manifest.decision.reason}"
        decision = manifest.decision.model_copy(update={"reason": reason})
        return Outcome(upload.key, "already published", decision, version)
    try:
        dataset = load_dataset(path)
    except RefusedDataset as refusal:
        report = refusal.report(key=upload.key, version_id=upload.version_id, sha256=sha256)
        store.put(f"rejected/{Path(upload.key).name}.{sha256[:16]}.json", report)
        return Outcome(upload.key, "rejected", refusal.decision())
    challenge = _Challenge(store, upload, dataset, limits)
    if manifest is None:
        trained = train(dataset, configuration, progress)
        manifest = _publish(challenge, trained, sha256, version, configuration)
    return _promote(challenge, manifest, by)


def _settled(store: Store, manifest: Manifest, limits: Limits) -> bool:
    """Whether nothing is left to do for a published version.

    It was champion, it was abandoned, or it lost to the champion of today under the limits of today.
    """
    try:
        champion, _ = deployment.read_champion(store)
    except (NoChampion, UnusableModel):
        return False
    if manifest.version in champion.abandoned:
        return True
    if any(one.version == manifest.version for one in deployment.history(store)):
        return True
    decision = manifest.decision
    return (
        not decision.promote
        and decision.champion == champion.version
        and decision.limits == limits.model_dump()
    )


@dataclass(frozen=True, slots=True)
class _Challenge:
    """One upload on its way to the champion's place."""

    store: Store
    upload: Upload
    dataset: Dataset
    limits: Limits


def _publish(
    challenge: _Challenge, trained: Trained, sha256: str, version: str, configuration: Configuration
) -> Manifest:
    store, dataset = challenge.store, challenge.dataset

    def proven(left: bytes) -> bool:
        try:
            certify(trained.estimator, left, dataset.matrix)
        except (UnprovenModel, UnusableModel):
            return False
        return True

    # A run that died may have left a graph: it is kept only if it is proven as well.
    key = versions.model_key(version)
    model = versions.write_part(store, version, key, trained.model, is_good=proven)
    certificate = trained.certificate
    if model != trained.model:
        certificate = certify(trained.estimator, model, dataset.matrix)
    decision, _ = _decide(challenge, model)
    # It tells what this graph says: what another graph said is no good.
    key, body = versions.holdout_key(version), _holdout(dataset, model)
    holdout = versions.write_part(store, version, key, body, is_good=lambda _: False)
    key, body = versions.rows_key(version), _rows(dataset)
    rows = versions.write_part(store, version, key, body, is_good=lambda _: False)
    return versions.write_manifest(
        store,
        Manifest(
            version=version,
            model=trained.name,
            created_at=datetime.now(UTC),
            files={"model.onnx": _file(model), "holdout.json": _file(holdout), "rows.json": _file(rows)},
            dataset=_facts(challenge, sha256),
            configuration=asdict(configuration),
            libraries=libraries(),
            selection=trained.selection,
            metrics=trained.metrics,
            confusion=trained.confusion,
            slices=trained.slices,
            certificate=certificate,
            reference=trained.reference,
            background=trained.background,
            decision=decision,
        ),
    )


def _facts(challenge: _Challenge, sha256: str) -> DatasetFacts:
    upload, dataset = challenge.upload, challenge.dataset
    return DatasetFacts(
        key=upload.key,
        version_id=upload.version_id,
        sha256=sha256,
        uploaded_at=upload.uploaded_at,
        rows=len(dataset.survived),
        survivors=int(dataset.survived.sum()),
        rejected_rows=dataset.rejected,
        train_rows=int(dataset.fitted.sum()),
        holdout_rows=int(dataset.holdout.sum()),
        train_survivors=int(dataset.train[1].sum()),
        holdout_survivors=int(dataset.judged[1].sum()),
        representative_rows=int(dataset.representative.sum()),
        lineage=upload.lineage,
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
    return File(sha256=versions.sha256(body), size=len(body))


def _holdout(dataset: Dataset, model: bytes) -> bytes:
    """The held-out rows and what the graph says of them, as JSON."""
    rows = dataset.sample(MOST_HOLDOUT_ROWS)
    matrix, survived = dataset.matrix[rows], dataset.survived[rows]
    holdout = Holdout(
        features=to_values(to_columns(matrix)),
        survived=survived.tolist(),
        probability=probabilities(model, matrix).tolist(),
    )
    return holdout.model_dump_json().encode()


def _promote(challenge: _Challenge, manifest: Manifest, by: str) -> Outcome:
    """Promote by compare-and-swap; who loses a race is judged again, against the winner."""
    store, key, version = challenge.store, challenge.upload.key, manifest.version
    model = versions.read_model(store, manifest)
    for _ in range(_ATTEMPTS):
        decision, over = _decide(challenge, model)
        if over and over[0].version == version:
            # The same event was delivered twice, or the answer to our own write was lost.
            said = manifest.decision.model_copy(update={"reason": over[0].reason})
            return Outcome(key, "promoted", said, version)
        if over and (why := over[0].abandoned.get(version)):
            reason = f"it was abandoned ({why}); promote it by hand to bring it back"
            held = decision.model_copy(update={"promote": False, "rule": "abandoned", "reason": reason})
            return Outcome(key, "published", held, version)
        if not decision.promote:
            return Outcome(key, "published", decision, version)
        try:
            deployment.promote(store, version, over=over, by=by, reason=decision.reason)
        except Conflict:
            continue
        return Outcome(key, "promoted", decision, version)
    raise Conflict(f"the champion changed {_ATTEMPTS} times while version {version} was judged")


def _decide(challenge: _Challenge, model: bytes) -> tuple[Decision, tuple[Champion, str] | None]:
    """The gate's decision on `model`, and the champion (with its ETag) against whom it was made."""
    store, (matrix, survived) = challenge.store, challenge.dataset.judged

    def against(champion: tuple[str, Probabilities] | None) -> Decision:
        challenger = probabilities(model, matrix)
        return judge(matrix, survived, challenger, champion, challenge.limits, surprises=surprises(model))

    over = deployment.read_to_replace(store)
    if over is None:
        return against(None), None
    version = over[0].version
    try:
        manifest = versions.read_manifest(store, version)
        champion = probabilities(versions.read_model(store, manifest), matrix)
    except (NotFound, UnusableModel):
        # A champion that cannot be loaded cannot be compared with, nor can it serve.
        return against(None), over
    if manifest.dataset.uploaded_at > challenge.upload.uploaded_at:
        reason = f"version {version} was made from a dataset that was uploaded later"
        return Decision(promote=False, rule="newer upload", reason=reason, champion=version), over
    return against((version, champion)), over
