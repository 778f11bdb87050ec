"""The store in S3, or in anything that speaks its protocol; boto3 and its errors stop here."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO, NoReturn, cast

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, ParamValidationError

from functions.core.base.errors import Conflict, NotFound, StoreUnavailable
from functions.core.storage.contract import Blob, Entry

_CONFIG = Config(
    # The SDK's default checksums break some S3-compatible stores.
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
    # Endpoints without wildcard DNS know no virtual-host buckets.
    s3={"addressing_style": "path"},
    # A store that hangs is given up after 11 seconds at most (two attempts and a pause between them): within
    # the 15 that template.yaml gives predict, which then goes on with the model it has.
    connect_timeout=2,
    read_timeout=3,
    retries={"mode": "standard", "total_max_attempts": 2},
)
_MISSING = {"404", "NoSuchKey", "NoSuchVersion", "NotFound", "NoSuchBucket"}
_CONFLICTS = {"412", "409", "PreconditionFailed", "ConditionalRequestConflict"}


class S3Store:
    """One bucket. The endpoint, region and credentials come from the usual AWS variables."""

    def __init__(self, bucket: str) -> None:
        self._bucket = bucket
        try:
            self._s3 = boto3.session.Session().client("s3", config=_CONFIG)
        except (BotoCoreError, ValueError) as error:
            raise StoreUnavailable("the AWS settings of this environment name no usable store") from error

    def get(self, key: str) -> Blob:
        try:
            answer = self._s3.get_object(Bucket=self._bucket, Key=key)
            return Blob(answer["Body"].read(), answer["ETag"])
        except (ClientError, BotoCoreError) as error:
            _translate(error, key)

    def get_if_changed(self, key: str, etag: str) -> Blob | None:
        try:
            answer = self._s3.get_object(Bucket=self._bucket, Key=key, IfNoneMatch=etag)
            return Blob(answer["Body"].read(), answer["ETag"])
        except (ClientError, BotoCoreError) as error:
            if _code(error) in {"304", "NotModified"}:
                return None
            _translate(error, key)

    def head(self, key: str, version_id: str | None = None) -> Entry:
        try:
            found = self._s3.head_object(Bucket=self._bucket, Key=key, **_version(version_id))
        except (ClientError, BotoCoreError) as error:
            _translate(error, key)
        return Entry(
            key,
            found["ContentLength"],
            found["ETag"],
            found["LastModified"],
            found.get("VersionId"),
            found["Metadata"],
        )

    @contextmanager
    def open(self, key: str, version_id: str | None = None) -> Iterator[BinaryIO]:
        try:
            body = self._s3.get_object(Bucket=self._bucket, Key=key, **_version(version_id))["Body"]
        except (ClientError, BotoCoreError) as error:
            _translate(error, key)
        try:
            yield cast(BinaryIO, body)
        except BotoCoreError as error:
            _translate(error, key)
        finally:
            body.close()

    def list(self, prefix: str) -> Iterator[Entry]:
        try:
            for page in self._s3.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=prefix
            ):
                for item in page.get("Contents", ()):
                    yield Entry(item["Key"], item["Size"], item["ETag"], item["LastModified"])
        except (ClientError, BotoCoreError) as error:
            _translate(error, prefix)

    def put(self, key: str, body: bytes) -> str:
        return self._write(key, body)

    def create(self, key: str, body: bytes, *, metadata: Mapping[str, str] | None = None) -> str:
        return self._write(key, body, IfNoneMatch="*", Metadata=dict(metadata or {}))

    def replace(self, key: str, body: bytes, *, etag: str) -> str:
        try:
            return self._write(key, body, IfMatch=etag)
        except NotFound as error:
            raise Conflict(f"{key} is gone") from error

    def delete(self, key: str) -> None:
        try:
            self._s3.delete_object(Bucket=self._bucket, Key=key)
        except (ClientError, BotoCoreError) as error:
            _translate(error, key)

    def create_bucket(self) -> None:
        region = self._s3.meta.region_name
        place: dict[str, Any] = {}
        if region not in (None, "us-east-1", "aws-global"):
            place = {"CreateBucketConfiguration": {"LocationConstraint": region}}
        try:
            self._s3.create_bucket(Bucket=self._bucket, **place)
            self._s3.put_bucket_versioning(Bucket=self._bucket, VersioningConfiguration={"Status": "Enabled"})
        except (ClientError, BotoCoreError) as error:
            if _code(error) not in {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}:
                _translate(error, self._bucket)

    def disconnect(self) -> None:
        # botocore empties its pool of connections; the client itself goes on working.
        self._s3.close()

    def _write(self, key: str, body: bytes, **options: Any) -> str:
        try:
            etag: str = self._s3.put_object(Bucket=self._bucket, Key=key, Body=body, **options)["ETag"]
        except (ClientError, BotoCoreError) as error:
            _translate(error, key)
        return etag


def _version(version_id: str | None) -> dict[str, Any]:
    return {"VersionId": version_id} if version_id else {}


def _code(error: ClientError | BotoCoreError) -> str:
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""


def _translate(error: ClientError | BotoCoreError, key: str) -> NoReturn:
    """Raise `error` in the project's words. The bucket's name and the SDK's text stay in the cause."""
    code = _code(error)
    if code in _MISSING:
        raise NotFound(f"the store has no {key}") from error
    if code in _CONFLICTS:
        raise Conflict(f"{key} was written by somebody else first") from error
    if isinstance(error, NoCredentialsError):
        raise StoreUnavailable("no AWS credentials were found in this environment") from error
    if isinstance(error, ParamValidationError):
        raise StoreUnavailable(f"no store has such a bucket, or such a key as {key}") from error
    reason = f"answered {code}" if code else "could not be reached"
    raise StoreUnavailable(f"the store {reason} when asked for {key}") from error
