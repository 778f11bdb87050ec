"""From an uploaded file to a published version and, if the gate agrees, a new champion."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from functions.core import registry
from functions.core.errors import Conflict, NoChampion, NotFound, UnusableModel
from functions.core.registry import Champion, DatasetFacts, Decision, Manifest
from functions.core.store import Store, probe
from training.certificate import certify
from training.dataset import Dataset, RefusedDataset, file_sha256, load_dataset
from training.evaluation import Progress
from training.gate import judge
from training.train import Configuration, Trained, libraries, probabilities, train, version_of

Status = Literal["promoted", "published", "already published", "rejected"]
_ATTEMPTS = 10


@dataclass(frozen=True, slots=True)
class Upload:
    """Where a dataset came from. `uploaded_at` in UTC."""

    key: str
    uploaded_at: datetime
    version_id: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an upload, and why. `version` is None when the file was refused."""

    key: str
    status: Status
    reason: str
    version: str | None = None


def train_and_publish(
    store: Store,
    upload: Upload,
    path: Path,
    *,
    by: str,
    configuration: Configuration | None = None,
    progress: Progress = lambda _what, _done, _of: None,
) -> Outcome:
    """Train on the file at `path`, publish the model, and promote it if the gate lets it.

    May be repeated at any time: a version that is published is not trained again, a promotion that was
    cut off is finished, one that was made is left alone. A file that cannot train is reported below
    `rejected/` and changes nothing else. Raises `UnsafeStore`, `StoreUnavailable`, `UnprovenModel`.
    """
    probe(store)
    configuration = configuration or Configuration()
    sha256 = file_sha256(path)
    version = version_of(sha256, configuration)
    try:
        manifest = registry.read_manifest(store, version)
    except NotFound:
        manifest = None
    if manifest and _settled(store, manifest):
        return Outcome(upload.key, "already published", "the same data made this version before", version)
    try:
        dataset = load_dataset(path)
    except RefusedDataset as refusal:
        report = refusal.report(key=upload.key, version_id=upload.version_id, sha256=sha256)
        store.put(f"rejected/{Path(upload.key).name}.{sha256[:16]}.json", report)
        return Outcome(upload.key, "rejected", str(refusal))
    if manifest is None:
        trained = train(dataset, configuration, progress)
        manifest = _publish(store, upload, dataset, trained, sha256, version, configuration)
    return _promote(store, upload, dataset, manifest, by)


def _settled(store: Store, manifest: Manifest) -> bool:
    """Whether nothing is left to do for a published version: it was champion, or it lost to this one."""
    try:
        champion, _ = registry.read_champion(store)
    except NoChampion:
        return False
    if any(promotion.version == manifest.version for promotion in champion.history):
        return True
    return not manifest.decision.promote and manifest.decision.champion == champion.version


def _publish(
    store: Store,
    upload: Upload,
    dataset: Dataset,
    trained: Trained,
    sha256: str,
    version: str,
    configuration: Configuration,
) -> Manifest:
    model = registry.write_model(store, version, trained.model)
    certificate = trained.certificate
    if model != trained.model:
        # A run that died left its graph: it is published only if it is proven as well.
        certificate = certify(trained.estimator, model, dataset.matrix)
    decision, _ = _decide(store, upload, dataset, model)
    return registry.write_manifest(
        store,
        Manifest(
            version=version,
            model=trained.name,
            created_at=datetime.now(UTC),
            files={"model.onnx": registry.File(sha256=registry.sha256(model), size=len(model))},
            dataset=DatasetFacts(
                **asdict(upload),
                sha256=sha256,
                rows=len(dataset.survived),
                survivors=int(dataset.survived.sum()),
                rejected_rows=dataset.rejected,
                train_rows=int((~dataset.holdout).sum()),
                holdout_rows=int(dataset.holdout.sum()),
            ),
            configuration=asdict(configuration),
            libraries=libraries(),
            selection=trained.selection,
            metrics=trained.metrics,
            confusion=trained.confusion,
            slices=trained.slices,
            certificate=certificate,
            reference=trained.reference,
            decision=decision,
        ),
    )


def _promote(store: Store, upload: Upload, dataset: Dataset, manifest: Manifest, by: str) -> Outcome:
    """Promote by compare-and-swap; who loses a race is judged again, against the winner."""
    model = registry.read_model(store, manifest)
    for _ in range(_ATTEMPTS):
        decision, over = _decide(store, upload, dataset, model)
        if over and over[0].version == manifest.version:
            # The same event was delivered twice, or the answer to our own write was lost.
            return Outcome(upload.key, "promoted", over[0].reason, manifest.version)
        if not decision.promote:
            return Outcome(upload.key, "published", decision.reason, manifest.version)
        try:
            registry.promote(store, manifest.version, over=over, by=by, reason=decision.reason)
        except Conflict:
            continue
        return Outcome(upload.key, "promoted", decision.reason, manifest.version)
    raise Conflict(f"the champion changed {_ATTEMPTS} times while version {manifest.version} was judged")


def _decide(
    store: Store, upload: Upload, dataset: Dataset, model: bytes
) -> tuple[Decision, tuple[Champion, str] | None]:
    """The gate's decision on `model`, and the champion (with its ETag) against whom it was made."""
    matrix, survived = dataset.judged
    challenger = probabilities(model, matrix)
    try:
        over = registry.read_champion(store)
    except NoChampion:
        return judge(survived, challenger, None), None
    version = over[0].version
    try:
        manifest = registry.read_manifest(store, version)
        champion = probabilities(registry.read_model(store, manifest), matrix)
    except (NotFound, UnusableModel):
        # A champion that cannot be loaded cannot be compared with, nor can it serve.
        return judge(survived, challenger, None), over
    if manifest.dataset.uploaded_at > upload.uploaded_at:
        reason = f"version {version} was made from a dataset that was uploaded later"
        return Decision(promote=False, rule="newer upload", reason=reason, champion=version), over
    return judge(survived, challenger, (version, champion)), over
