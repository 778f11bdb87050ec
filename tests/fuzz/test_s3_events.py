"""Whatever fires retrain, each upload is answered or fails with a line of its own; other records are not."""

import io
import json
from contextlib import redirect_stdout
from typing import Any

from functions.core.base.errors import InvalidInput, LifeboatError
from functions.core.storage.folder import FolderStore
from functions.retrain.handler import handler
from tests.fuzz.campaign import Campaign
from tests.fuzz.s3_events import EVENTS, OBJECTS
from tests.fuzz.world import World

STATUSES = {"ignored", "gone", "rejected"}


def uploads_in(event: Any) -> int:
    """How many records tell of an upload, counted by hand."""
    records = event.get("Records") if isinstance(event, dict) else None
    return sum(map(_is_upload, records if isinstance(records, list) else []))


def _is_upload(record: Any) -> bool:
    if not isinstance(record, dict) or record.get("eventSource") != "aws:s3":
        return False
    found: Any = record.get("s3")
    found = found.get("object") if isinstance(found, dict) else None
    return (
        isinstance(found, dict)
        and isinstance(found.get("key"), str)
        and isinstance(found.get("versionId"), str | None)
        and isinstance(found.get("sequencer", ""), str)
        and isinstance(record.get("eventTime", ""), str)
        and str(record.get("eventName")).startswith("ObjectCreated:")
    )


def test_every_upload_is_answered_or_fails_with_a_line(campaign: Campaign, world: World) -> None:
    store = FolderStore(str(world.pristine))
    for key, body in OBJECTS.items():
        store.put(key, body)
    world.begin()

    def check(event: Any) -> str:
        lines = io.StringIO()
        with redirect_stdout(lines):
            fate = _fate(event)
        said = [json.loads(line) for line in lines.getvalue().splitlines()]
        told = [line for line in said if line["message"] in {"retrain", "retrain failed"}]
        world.restore()
        if fate == "no notification":
            assert not told
            assert not uploads_in(event)
            return fate
        assert len(told) == uploads_in(event), said
        if fate == "failed":
            assert any(line["level"] == "ERROR" and line["reason"] for line in told)
        return fate

    campaign.run(EVENTS, check, cases=150)


def _fate(event: Any) -> str:
    try:
        results = handler(event, None)["results"]
    except InvalidInput as refusal:
        return "no notification" if "S3 notification" in str(refusal) else "failed"
    except (LifeboatError, OSError):
        return "failed"
    json.dumps(results)
    assert all(result["status"] in STATUSES and result["reason"] for result in results), results
    return "passed over" if not results else "answered"
