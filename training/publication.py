"""From an uploaded file to a published version and, if the gate agrees, a new champion."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from functions.core import promotion, registry
from functions.core.columns import to_values
from functions.core.comparison import Holdout
from functions.core.errors import Conflict, NoChampion, NotFound, UnusableModel
from functions.core.manifest import DatasetFacts, Decision, File, Manifest
from functions.core.promotion import Champion
from functions.core.store import Store, probe
from training.certificate import certify
from training.dataset import Dataset, RefusedDataset, file_sha256, load_dataset, to_columns
from training.evaluation import Progress
from training.gate import judge
from training.train import Configuration, Trained, libraries, probabilities, train, version_of

Status = Literal["promoted", "published", "already published", "rejected"]
_ATTEMPTS = 10
# Of the holdout, this many rows stand beside a model for people to compare versions by.
MOST_HOLDOUT_ROWS = 10_000


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
    """Whether nothing is left to do for a published version.

    It was champion, it was abandoned, or it lost to the champion of today.
    """
    try:
        champion, _ = promotion.read_champion(store)
    except NoChampion:
        return False
    if manifest.version in champion.abandoned:
        return True
    if any(one.version == manifest.version for one in promotion.history(store)):
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
    model = registry.write_once(store, registry.model_key(version), trained.model)
    certificate = trained.certificate
    if model != trained.model:
        # A run that died left its graph: it is published only if it is proven as well.
        certificate = certify(trained.estimator, model, dataset.matrix)
    decision, _ = _decide(store, upload, dataset, model)
    holdout = registry.write_once(store, registry.holdout_key(version), _holdout(dataset, model))
    return registry.write_manifest(
        store,
        Manifest(
            version=version,
            model=trained.name,
            created_at=datetime.now(UTC),
            files={"model.onnx": _file(model), "holdout.json": _file(holdout)},
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
            background=trained.background,
            decision=decision,
        ),
    )


def _file(body: bytes) -> File:
    return File(sha256=registry.sha256(body), size=len(body))


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


def _promote(store: Store, upload: Upload, dataset: Dataset, manifest: Manifest, by: str) -> Outcome:
    """Promote by compare-and-swap; who loses a race is judged again, against the winner."""
    model = registry.read_model(store, manifest)
    for _ in range(_ATTEMPTS):
        decision, over = _decide(store, upload, dataset, model)
        if over and over[0].version == manifest.version:
            # The same event was delivered twice, or the answer to our own write was lost.
            return Outcome(upload.key, "promoted", over[0].reason, manifest.version)
        if over and (why := over[0].abandoned.get(manifest.version)):
            reason = f"it was abandoned ({why}); promote it by hand to bring it back"
            return Outcome(upload.key, "published", reason, manifest.version)
        if not decision.promote:
            return Outcome(upload.key, "published", decision.reason, manifest.version)
        try:
            promotion.promote(store, manifest.version, over=over, by=by, reason=decision.reason)
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
        over = promotion.read_champion(store)
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
