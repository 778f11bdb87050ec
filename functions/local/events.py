"""The events that arrive without a request: S3 notifications and schedules, in the shapes AWS gives them."""

import os
import time
import uuid
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus

from functions.core.storage.contract import Entry
from functions.local.template import ACCOUNT, Schedule


def s3_put_event(
    bucket: str, entry: Entry, *, configuration: str, region: str = "us-east-1"
) -> dict[str, Any]:
    """The notification for an object just put.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
    """
    object_: dict[str, Any] = {
        # Form encoding, as S3 has it: a space is a plus sign.
        "key": quote_plus(entry.key, safe="/"),
        "size": entry.size,
        "eTag": entry.etag.strip('"'),
        # Grows from event to event of one key, as text.
        "sequencer": f"{time.time_ns():016X}",
    }
    if entry.version_id:
        object_["versionId"] = entry.version_id
    return {
        "Records": [
            {
                "eventVersion": "2.1",
                "eventSource": "aws:s3",
                "awsRegion": region,
                "eventTime": _iso(entry.modified),
                "eventName": "ObjectCreated:Put",
                "userIdentity": {"principalId": "AWS:LOCAL"},
                "requestParameters": {"sourceIPAddress": "127.0.0.1"},
                "responseElements": {
                    "x-amz-request-id": os.urandom(8).hex().upper(),
                    "x-amz-id-2": os.urandom(32).hex(),
                },
                "s3": {
                    "s3SchemaVersion": "1.0",
                    "configurationId": configuration,
                    "bucket": {
                        "name": bucket,
                        "ownerIdentity": {"principalId": "LOCAL"},
                        "arn": f"arn:aws:s3:::{bucket}",
                    },
                    "object": object_,
                },
            }
        ]
    }


def scheduled_event(schedule: Schedule, now: datetime, *, region: str = "us-east-1") -> dict[str, Any]:
    """What EventBridge sends when a schedule without an input of its own is due."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT,
        "time": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": region,
        "resources": [f"arn:aws:events:{region}:{ACCOUNT}:rule/{schedule.function}{schedule.id}"],
        "detail": {},
    }


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
