"""What arrives without a request: uploads, noticed by looking, and schedules; in AWS' shapes."""

import os
import re
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote_plus

from functions.core.base.errors import NotFound
from functions.core.storage.contract import Entry, Store
from functions.local.platform.template import ACCOUNT, Schedule, UploadTrigger
from functions.local.store.folder import Deliveries

_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")


class UploadWatcher:
    """Sees what appears or changes below a trigger's prefix, in any store that can list: of any model.

    What S3 would notify about is found in the store's listing.
    Several writes of one key between two looks count as one, the last.
    deliveries: what the functions were told of, where that is kept. pending: the keys of uploads that a
    runner before this one was stopped at; they are new.
    """

    def __init__(self, store: Store, trigger: UploadTrigger, deliveries: Deliveries | None = None) -> None:
        self._store = store
        self._trigger = trigger
        # What is there when watching begins was uploaded before; S3 would not notify about it again. What a
        # runner that was stopped had not delivered by then is new.
        there = self._look()
        self._known = {
            key: entry
            for key, entry in there.items()
            if deliveries is None or deliveries.has(self._with_version(entry))
        }
        self.pending = [key for key in there if key not in self._known]

    def changes(self) -> list[Entry]:
        """Objects that are new or not as at the last call. Raises `StoreUnavailable`; then none is lost."""
        now = self._look()
        changed = [self._with_version(entry) for key, entry in now.items() if self._known.get(key) != entry]
        self._known = now
        return changed

    def _look(self) -> dict[str, Entry]:
        entries = self._store.list(self._trigger.prefix)
        return {entry.key: entry for entry in entries if entry.key.endswith(self._trigger.suffix)}

    def _with_version(self, entry: Entry) -> Entry:
        """A listing names no version, a notification does."""
        try:
            return self._store.head(entry.key)
        except NotFound:
            return entry  # deleted since; S3 would have notified about it all the same


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


def next_time(expression: str, after: datetime) -> datetime:
    """When `rate(...)`, after `after`, is due next, in UTC. Raises `ValueError` for any other expression."""
    if not (rate := _RATE.fullmatch(expression)):
        raise ValueError(f"only rate(1 hour) and the like can be kept on this machine, not {expression}")
    return after.astimezone(UTC) + timedelta(**{f"{rate[2]}s": int(rate[1])})


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
