"""Uploads to a bucket, the events of them, and what retrain's handler leaves behind."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote_plus

from functions.core.storage.s3 import S3Store
from functions.core.storage.view import ModelStore
from functions.retrain import handler as retrain_handler
from tests.support.titanic import MODEL

BUCKET = "lifeboat-test"
CHAMPION = f"registry/{MODEL}/champion.json"
Event = Callable[[str], dict[str, Any]]


def record(event: Event, key: str, **fields: Any) -> dict[str, Any]:
    """A record of the golden event for another object; the key is encoded as S3 does it."""
    found: dict[str, Any] = event("s3_put")["Records"][0]
    found["s3"]["object"] |= {"key": quote_plus(key, safe="/"), **fields}
    return found


def upload(s3: Any, key: str, body: bytes, **metadata: str) -> str:
    version: str = s3.put_object(Bucket=BUCKET, Key=key, Body=body, Metadata=metadata)["VersionId"]
    return version


def model_store(model: str = MODEL) -> ModelStore:
    """A model's part of the bucket."""
    return ModelStore(S3Store(BUCKET), model)


def retrain(*records: dict[str, Any]) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = retrain_handler.handler({"Records": list(records)}, None)["results"]
    return results


def arrive(s3: Any, event: Event, key: str, body: bytes, **metadata: str) -> dict[str, Any]:
    """Upload `body` and have retrain take the event of it. What it says of that."""
    upload(s3, key, body, **metadata)
    (result,) = retrain(record(event, key))
    return result


def keys(s3: Any, prefix: str) -> list[str]:
    return [item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])]


def champion(s3: Any, model: str = MODEL) -> dict[str, Any]:
    found: dict[str, Any] = read_json(s3, f"registry/{model}/champion.json")
    return found


def read_json(s3: Any, key: str) -> Any:
    return json.loads(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())
