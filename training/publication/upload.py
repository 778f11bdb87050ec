"""From an uploaded file to a published version and, if the gate agrees, a new champion."""

from dataclasses import replace

from functions.core.base.errors import InvalidInput, NotFound
from functions.core.registry import versions
from functions.core.registry.keys import model_key, rejected_key, report_key, sha256
from functions.core.registry.manifest import Manifest
from functions.core.schema.document.parsing import InvalidSchema
from functions.core.schema.schema import Schema
from functions.core.storage.probe import probe
from functions.core.storage.view import ModelStore
from training.gate.challenge import Challenge
from training.gate.rules import Limits
from training.model.engine import Engine, ThisMachine
from training.model.evaluation import Progress
from training.model.train import Configuration, train
from training.model.version import version_of
from training.publication.promotion import Outcome, is_settled, promote_version
from training.publication.publishing import Origin, publish_version
from training.table.dataset import Dataset, RefusedDataset, file_sha256
from training.table.provenance import Upload
from training.table.report import Report, read_report
from training.table.schemas import Chosen, choose_schema, keep_schema, replace_schema
from training.table.source import Source


def train_and_publish(
    store: ModelStore,
    upload: Upload,
    source: Source,
    *,
    by: str,
    schema: Schema | None = None,
    target: str | None = None,
    positive: str | None = None,
    configuration: Configuration | None = None,
    limits: Limits | None = None,
    engine: Engine | None = None,
    progress: Progress = lambda _what, _done, _of: None,
) -> Outcome:
    """Train on the table in `source`, publish the model, and promote it if the gate lets it.

    schema: what a row is; it becomes the model's. None: the model's own, and when it has none, one inferred
    from the file, whose column `target` is predicted (`positive`: its values that count as yes); that
    becomes the model's as well. engine: where the table is read and the model fitted; None: here.

    May be repeated at any time: a version that is published is not trained again, a promotion that was
    cut off is finished, one that was made is left alone. A file that cannot train is reported below
    `rejected/` and changes nothing else. Raises `UnsafeStore`, `StoreUnavailable`, `UnprovenModel`.
    """
    probe(store)
    configuration, limits = configuration or Configuration(), limits or Limits()
    engine = engine or ThisMachine()
    digest = file_sha256(source)
    try:
        chosen = Chosen(schema) if schema else choose_schema(store, source, target=target, positive=positive)
        work = engine.begin(source, chosen.schema, chosen.notes, configuration)
        version = version_of(digest, chosen.schema, work.configuration)
        origin = Origin(version, digest, work.configuration)
        manifest = _read_whole(store, version)
        if manifest and is_settled(store, manifest, limits):
            return _already_published(store, upload, manifest)
        dataset = work.dataset()
    except (InvalidInput, InvalidSchema) as error:
        return reject(store, upload, RefusedDataset(str(error)), digest)
    except RefusedDataset as refusal:
        return reject(store, upload, refusal, digest)
    if schema:
        replace_schema(store, schema)
    elif chosen.is_new and keep_schema(store, chosen.schema).document != chosen.schema.document:
        # Another upload was first: now the model has a schema.
        return train_and_publish(
            store,
            upload,
            source,
            by=by,
            configuration=configuration,
            limits=limits,
            engine=engine,
            progress=progress,
        )
    challenge = Challenge(store, upload, dataset, limits)
    if manifest is None:
        trained = train(dataset, configuration, progress, work.fitting)
        challenge = replace(challenge, dataset=_with_notes(dataset, trained.notes))
        manifest = publish_version(challenge, trained, origin)
    return promote_version(challenge, manifest, by)


def _with_notes(dataset: Dataset, notes: tuple[str, ...]) -> Dataset:
    """What was passed over is said where people look: in the answer, in the log, in the version's report."""
    return replace(dataset, report=replace(dataset.report, notes=(*dataset.report.notes, *notes)))


def reject(store: ModelStore, upload: Upload, refusal: RefusedDataset, digest: str) -> Outcome:
    """Report a file that cannot train below `rejected/`. digest: of its bytes, part of the report's name."""
    report = refusal.report.as_json(
        key=upload.key,
        version_id=upload.version_id,
        digest=digest,
        uploaded_by=upload.uploaded_by,
        reason=str(refusal),
    )
    store.put(rejected_key(upload.key.rpartition("/")[2], digest), report)
    return Outcome(upload.key, "rejected", refusal.decision(), report=refusal.report)


def report_crash(store: ModelStore, key: str, version_id: str | None, reason: str) -> None:
    """Report below `rejected/` that the retrain itself failed on an upload. key: in the whole store."""
    message = f"the retrain crashed: {reason}. Upload the file again once that is mended"
    report = Report().as_json(key=key, version_id=version_id, status="crashed", reason=message)
    store.put(rejected_key(key.rpartition("/")[2], sha256(f"{key} {version_id}".encode())), report)


def _read_whole(store: ModelStore, version: str) -> Manifest | None:
    """The manifest of a version that is published, with its model.

    A deletion at the moment of publication can have left a manifest alone: then all is made again.
    """
    try:
        manifest = versions.read_manifest(store, version)
        store.head(model_key(version))
    except NotFound:
        return None
    return manifest


def _already_published(store: ModelStore, upload: Upload, manifest: Manifest) -> Outcome:
    reason = f"the same data made this version before; it was said then: {manifest.decision.reason}"
    decision = manifest.decision.model_copy(update={"reason": reason})
    facts = manifest.dataset
    try:
        report = read_report(store.get(report_key(manifest.version)).body)
    except (NotFound, ValueError):
        report = Report(facts.rows, facts.rejected_rows, facts.columns)
    return Outcome(upload.key, "already published", decision, manifest.version, report)
