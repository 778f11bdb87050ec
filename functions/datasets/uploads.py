"""What became of each upload: in training, a version, or a report of why there is none."""

from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import BaseModel, Field

from functions.core.base.errors import NoChampion, NotFound, UnusableModel
from functions.core.registry import deployment, lineage, uploader
from functions.core.registry.datasets import SUFFIXES
from functions.core.registry.history import Promotion
from functions.core.registry.keys import rejected_prefix, report_key
from functions.core.registry.manifest import DatasetFacts
from functions.core.storage.contract import Entry
from functions.core.storage.view import ModelStore
from functions.datasets.manifests import READ_AT_ONCE, Made, read_manifests
from functions.datasets.reading import Reading, read_body, read_reading
from functions.datasets.schema import schema_of_today
from functions.datasets.uploading import DIGEST

# A training has 15 minutes; what is not there after these will not come.
PATIENCE = timedelta(minutes=20)
_DIGEST_AND_SUFFIX = len("0123456789abcdef.json")

State = Literal["training", "promoted", "published", "unchanged", "refused", "crashed", "lost", "ignored"]


class Upload(BaseModel):
    """An upload and what became of it."""

    key: str = Field(examples=["datasets/churn/customers.csv"])
    file: str
    uploaded_at: datetime
    uploaded_by: str | None = Field(description="Null where it did not come through the API")
    size: int | None = Field(description="Bytes; null where a later file took its place")
    state: State
    why: str = Field(description="In a sentence: of a version what the gate said, else what went wrong")
    version: str | None = Field(description="The version that it made, or that the same bytes made before")
    dataset: str | None = Field(description="Its id, where a version was made from it")
    reading: Reading | None = Field(description="What was read of it; null where nothing was")


class UploadPage(BaseModel):
    """Uploads, newest first. Those of one moment stand on one page, which may be longer for it."""

    uploads: list[Upload]
    next: datetime | None = Field(description="What to send as `before` for the next page; null on the last")


def list_uploads(store: ModelStore, *, limit: int, before: datetime | None, now: datetime) -> UploadPage:
    """A page of the uploads. before: the moment before which they were made; now: in UTC."""
    known = _Known.of(store, now)
    subjects = sorted(known.subjects(), key=lambda subject: subject.moment, reverse=True)
    subjects = [subject for subject in subjects if before is None or subject.moment < before]
    page = subjects[:limit]
    page += [subject for subject in subjects[limit:] if subject.moment == page[-1].moment]
    with ThreadPoolExecutor(READ_AT_ONCE) as readers:
        described = [upload for uploads in readers.map(known.describe, page) for upload in uploads]
    return UploadPage(
        uploads=sorted(described, key=lambda upload: upload.uploaded_at, reverse=True),
        next=page[-1].moment if len(page) < len(subjects) else None,
    )


@dataclass(frozen=True, slots=True)
class _Subject:
    """Something that tells of an upload: the object itself, with what may be of it, or what stayed alone of
    one whose place another took."""

    moment: datetime
    entry: Entry | None
    manifests: tuple[Made, ...] = ()
    reports: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class _Known:
    store: ModelStore
    now: datetime
    manifests: list[Made]
    promotions: dict[str, Promotion]
    schema: dict[str, Any] | None

    @classmethod
    def of(cls, store: ModelStore, now: datetime) -> "_Known":
        manifests, _ = read_manifests(store)
        return cls(store, now, manifests, _promotions(store), schema_of_today(store))

    def subjects(self) -> Iterator[_Subject]:
        """What there is, without reading any of it."""
        made: dict[tuple[str, datetime], list[Made]] = defaultdict(list)
        for manifest in self.manifests:
            made[manifest.dataset.key, _second(manifest.dataset.uploaded_at)].append(manifest)
        reported: dict[str, list[Entry]] = defaultdict(list)
        for report in self.store.list("rejected/"):
            reported[report.key[:-_DIGEST_AND_SUFFIX]].append(report)
        for entry in self.store.list("datasets/"):
            reports = reported[rejected_prefix(_file(entry.key))]
            later = [report for report in reports if report.modified >= _second(entry.modified)]
            reported[rejected_prefix(_file(entry.key))] = [
                report for report in reports if report not in later
            ]
            own = made.pop((self.store.full(entry.key), _second(entry.modified)), [])
            yield _Subject(entry.modified, entry, tuple(own), tuple(later))
        for manifests in made.values():
            yield _Subject(manifests[0].dataset.uploaded_at, None, tuple(manifests))
        for report in (entry for reports in reported.values() for entry in reports):
            yield _Subject(report.modified, None, (), (report,))

    def describe(self, subject: _Subject) -> list[Upload]:
        reports = [
            (entry, report) for entry in subject.reports if (report := read_body(self.store, entry.key))
        ]
        manifests = [*subject.manifests]
        uploads = []
        if subject.entry and (head := self._head(subject.entry)):
            own = [manifest for manifest in manifests if _is_of(manifest.dataset, head)]
            reports_of_object = [
                (entry, report) for entry, report in reports if _tells_of(report, self.store, head)
            ]
            uploads = [self._of_object(head, own, reports_of_object)]
            manifests = [manifest for manifest in manifests if manifest not in own]
            reports = [report for report in reports if report not in reports_of_object]
        uploads += [self._of_version(manifest, None) for manifest in manifests]
        return uploads + [_of_report(entry.modified, report) for entry, report in reports]

    def _head(self, entry: Entry) -> Entry | None:
        try:
            return self.store.head(entry.key)
        except NotFound:
            # It was deleted since it was listed.
            return None

    def _of_object(
        self, head: Entry, manifests: list[Made], reports: list[tuple[Entry, dict[str, Any]]]
    ) -> Upload:
        newest = max(reports, key=lambda report: report[0].modified, default=None)
        if manifests:
            manifest = max(manifests, key=lambda made: made.created_at)
            if newest is None or newest[0].modified < manifest.created_at:
                return self._of_version(manifest, head.size)
        if newest:
            upload = _of_report(head.modified, newest[1])
            by = uploader.from_metadata(head.metadata)
            return upload.model_copy(update={"size": head.size, "uploaded_by": by})
        return self._of_nothing_yet(head)

    def _of_version(self, manifest: Made, size: int | None) -> Upload:
        facts, decision = manifest.dataset, manifest.decision
        promotion = self.promotions.get(manifest.version)
        return Upload(
            key=facts.key,
            file=_file(facts.key),
            uploaded_at=facts.uploaded_at,
            uploaded_by=_by(facts),
            size=size,
            state="promoted" if promotion else "published",
            why=promotion.reason if promotion else decision.reason,
            version=manifest.version,
            dataset=facts.sha256[:16],
            reading=read_reading(self.store, report_key(manifest.version)),
        )

    def _of_nothing_yet(self, head: Entry) -> Upload:
        state, why, twin = self._guess(head)
        by = uploader.from_metadata(head.metadata)
        if by is None and lineage.from_metadata(head.metadata):
            by = MONITOR
        return Upload(
            key=self.store.full(head.key),
            file=_file(head.key),
            uploaded_at=head.modified,
            uploaded_by=by,
            size=head.size,
            state=state,
            why=why,
            version=twin.version if twin else None,
            dataset=twin.dataset.sha256[:16] if twin else None,
            reading=None,
        )

    def _guess(self, head: Entry) -> tuple[State, str, Made | None]:
        """Of an object of which neither a version nor a report tells."""
        if not head.key.endswith(SUFFIXES):
            return "ignored", f"only files that end with {' or '.join(SUFFIXES)} are datasets", None
        if twin := self._twin(head.metadata.get(DIGEST)):
            reason = f"the same data made this version before; it was said then: {twin.decision.reason}"
            return "unchanged", reason, twin
        if self.now - head.modified < PATIENCE:
            return "training", "a model is being trained on it", None
        return (
            "lost",
            f"nothing came of it in {PATIENCE.seconds // 60} minutes: it has the same bytes as an earlier "
            "file, or its training was cut off; the log of the retrain says which. To try again, upload it "
            "once more",
            None,
        )

    def _twin(self, digest: str | None) -> Made | None:
        """The newest version that these bytes made by the schema of today, if one did."""
        made = [
            manifest
            for manifest in self.manifests
            if manifest.dataset.sha256 == digest and self.schema in (None, manifest.table_schema)
        ]
        return max(made, key=lambda manifest: manifest.created_at, default=None)


MONITOR = "the monitor"
"""Who made a dataset from labelled predictions."""


def _promotions(store: ModelStore) -> dict[str, Promotion]:
    """The last promotion of each version that ever was in service."""
    promotions: dict[str, Promotion] = {}
    try:
        for promotion in deployment.history(store):
            promotions.setdefault(promotion.version, promotion)
    except (NoChampion, UnusableModel):
        return promotions
    return promotions


def _is_of(facts: DatasetFacts, head: Entry) -> bool:
    return facts.version_id == head.version_id and facts.uploaded_at == head.modified


def _tells_of(report: dict[str, Any], store: ModelStore, head: Entry) -> bool:
    return report.get("key") == store.full(head.key) and report.get("version_id") in (None, head.version_id)


def _of_report(uploaded: datetime, report: dict[str, Any]) -> Upload:
    key = str(report.get("key", ""))
    return Upload(
        key=key,
        file=_file(key),
        uploaded_at=uploaded,
        uploaded_by=report.get("uploaded_by"),
        size=None,
        state="crashed" if report.get("status") == "crashed" else "refused",
        why=str(report.get("reason", "its report says no reason")),
        version=None,
        dataset=None,
        reading=Reading.of(report),
    )


def _by(facts: DatasetFacts) -> str | None:
    return facts.uploaded_by or (MONITOR if facts.lineage else None)


def _file(key: str) -> str:
    return key.rpartition("/")[2]


def _second(moment: datetime) -> datetime:
    """A listing of S3 may tell milliseconds, the object itself does not."""
    return moment.replace(microsecond=0)
