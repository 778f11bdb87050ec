"""Uploads noticed in a store's listing, schedules that are due, and the events of both in AWS' shapes."""

from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote_plus

import pytest

from functions.core.base.errors import NotFound
from functions.core.storage.contract import Entry, Store
from functions.core.storage.folder import FolderStore
from functions.local.platform.events import UploadWatcher, next_time, s3_put_event, scheduled_event
from functions.local.platform.template import Schedule, UploadTrigger
from functions.local.store.folder import Deliveries

DATASETS = UploadTrigger("Uploaded", "F", "datasets/")
MOMENT = datetime(2026, 11, 21, 14, 0, 0, 123000, tzinfo=UTC)


def entry(key: str, version_id: str | None = "v1") -> Entry:
    return Entry(key, 1024, '"d41d8cd98f00b204e9800998ecf8427e"', MOMENT, version_id)


def test_a_notification_has_the_fields_of_the_documented_structure() -> None:
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
    [record] = s3_put_event("b", entry("datasets/titanic.csv"), configuration="Uploaded")["Records"]
    assert record["eventVersion"] == "2.1"
    assert record["eventSource"] == "aws:s3"
    assert record["awsRegion"] == "us-east-1"
    assert record["eventTime"] == "2026-11-21T14:00:00.123Z"
    assert record["eventName"] == "ObjectCreated:Put"
    assert set(record) >= {"userIdentity", "requestParameters", "responseElements"}
    assert record["s3"]["s3SchemaVersion"] == "1.0"
    assert record["s3"]["configurationId"] == "Uploaded"
    assert record["s3"]["bucket"]["name"] == "b"
    assert record["s3"]["bucket"]["arn"] == "arn:aws:s3:::b"
    object_ = record["s3"]["object"]
    assert (object_["key"], object_["size"], object_["versionId"]) == ("datasets/titanic.csv", 1024, "v1")
    assert object_["eTag"] == "d41d8cd98f00b204e9800998ecf8427e"


def test_a_key_is_encoded_as_a_form_field() -> None:
    key = "datasets/half boat+é 100%.csv"
    [record] = s3_put_event("b", entry(key), configuration="c")["Records"]
    assert record["s3"]["object"]["key"] == "datasets/half+boat%2B%C3%A9+100%25.csv"
    assert unquote_plus(record["s3"]["object"]["key"]) == key


def test_an_object_without_versions_names_none() -> None:
    [record] = s3_put_event("b", entry("a", None), configuration="c")["Records"]
    assert "versionId" not in record["s3"]["object"]


def test_sequencers_grow() -> None:
    sequencers = [
        s3_put_event("b", entry("a"), configuration="c")["Records"][0]["s3"]["object"]["sequencer"]
        for _ in range(3)
    ]
    assert sequencers == sorted(set(sequencers))


def test_a_scheduled_event_names_its_rule_and_its_time() -> None:
    event = scheduled_event(Schedule("Weekly", "F", "rate(7 days)"), MOMENT)
    assert event["detail-type"] == "Scheduled Event"
    assert event["source"] == "aws.events"
    assert event["time"] == "2026-11-21T14:00:00Z"
    assert event["resources"] == ["arn:aws:events:us-east-1:123456789012:rule/FWeekly"]
    assert event["detail"] == {}


@pytest.mark.parametrize(
    ("expression", "due"),
    [
        ("rate(1 minute)", "2026-11-21T14:01:00.123"),
        ("rate(12 hours)", "2026-11-22T02:00:00.123"),
        ("rate(7 days)", "2026-11-28T14:00:00.123"),
    ],
)
def test_a_rate_is_due_after_its_time(expression: str, due: str) -> None:
    assert next_time(expression, MOMENT) == datetime.fromisoformat(due).replace(tzinfo=UTC)


@pytest.mark.parametrize("expression", ["cron(0 10 * * ? *)", "at(2026-01-01T00:00:00)", "rate(1 week)"])
def test_another_schedule_cannot_be_kept_here(expression: str) -> None:
    with pytest.raises(ValueError, match=r"only rate\(1 hour\) and the like"):
        next_time(expression, MOMENT)


def keys(watcher: UploadWatcher) -> list[str]:
    return [entry.key for entry in watcher.changes()]


def test_an_upload_of_which_a_runner_that_was_killed_told_nobody_is_new(
    whole_store: Store, tmp_path: Path
) -> None:
    deliveries = Deliveries(tmp_path / "deliveries.json")
    for key in ("datasets/told.csv", "datasets/not told.csv"):
        whole_store.put(key, b"1")
    deliveries.add(whole_store.head("datasets/told.csv"))
    watcher = UploadWatcher(whole_store, DATASETS, Deliveries(tmp_path / "deliveries.json"))
    assert watcher.pending == ["datasets/not told.csv"]
    assert keys(watcher) == ["datasets/not told.csv"]
    assert keys(watcher) == []


def test_what_was_there_before_is_not_an_upload(whole_store: Store) -> None:
    whole_store.put("datasets/titanic/old.csv", b"1")
    watcher = UploadWatcher(whole_store, DATASETS)
    assert watcher.pending == keys(watcher) == []


def test_a_new_object_and_a_changed_one_are_uploads_once(whole_store: Store) -> None:
    whole_store.put("datasets/titanic/old.csv", b"1")
    watcher = UploadWatcher(whole_store, DATASETS)
    whole_store.put("datasets/churn/new.csv", b"1")
    whole_store.put("datasets/titanic/old.csv", b"2")
    assert keys(watcher) == ["datasets/churn/new.csv", "datasets/titanic/old.csv"]
    assert keys(watcher) == []


def test_the_same_bytes_again_are_an_upload(whole_store: Store) -> None:
    whole_store.put("datasets/a.csv", b"1")
    watcher = UploadWatcher(whole_store, DATASETS)
    whole_store.put("datasets/a.csv", b"1")
    assert keys(watcher) == ["datasets/a.csv"]


def test_other_prefixes_and_suffixes_are_not_uploads(whole_store: Store) -> None:
    watcher = UploadWatcher(whole_store, UploadTrigger("Uploaded", "F", "datasets/", ".csv"))
    whole_store.put("datasets/a.txt", b"1")
    whole_store.put("models/a.csv", b"1")
    assert keys(watcher) == []


class Versioned(FolderStore):
    """A store that names versions when an object is described, and whose objects may be gone by then."""

    def head(self, key: str, version_id: str | None = None) -> Entry:
        if "gone" in key:
            raise NotFound(key)
        found = super().head(key)
        return Entry(found.key, found.size, found.etag, found.modified, "v7")


def test_an_upload_names_its_version_unless_it_is_gone(tmp_path: Path) -> None:
    store = Versioned(str(tmp_path))
    watcher = UploadWatcher(store, DATASETS)
    store.put("datasets/a.csv", b"1")
    store.put("datasets/gone.csv", b"1")
    assert [entry.version_id for entry in watcher.changes()] == ["v7", None]
