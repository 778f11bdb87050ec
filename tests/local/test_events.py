"""S3 notifications and scheduled events in AWS's shapes."""

from datetime import UTC, datetime
from urllib.parse import unquote_plus

from functions.core.storage.contract import Entry
from functions.local.events import s3_put_event, scheduled_event
from functions.local.template import Schedule

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
