"""Buckets of S3 as a test needs them: empty, versioned, and gone afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3

from functions.core.storage.s3 import S3Store


@contextmanager
def new_bucket(name: str) -> Iterator[Any]:
    """boto3's own client of an empty, versioned bucket, where the environment leads the SDK."""
    S3Store(name).create_bucket()
    s3: Any = boto3.Session().client("s3")
    try:
        yield s3
    finally:
        for kind in ("Versions", "DeleteMarkers"):
            for item in s3.list_object_versions(Bucket=name).get(kind, []):
                s3.delete_object(Bucket=name, Key=item["Key"], VersionId=item["VersionId"])
        s3.delete_bucket(Bucket=name)
