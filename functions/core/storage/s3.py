"""The store in S3, or in anything that speaks its protocol; boto3 and its errors stop here."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from typing import Any, BinaryIO, Literal, NoReturn, cast

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    NoCredentialsError,
    ParamValidationError,
)
from botocore.exceptions import (
    ConnectionError as NotConnected,
)
from urllib3.exceptions import HTTPError

from functions.core.base.errors import Conflict, NotFound, StoreUnavailable
from functions.core.storage.answers import WRONG_REGION, is_page
from functions.core.storage.contract import Blob, Entry, check_key_to_read, check_key_to_write

_MISSING = {"404", "NoSuchKey", "NoSuchVersion", "NotFound", "NoSuchBucket", "NoSuchUpload"}
# What S3 answers where the SDK could not find out the bucket's region by itself.
_ELSEWHERE = {"301", "307", "PermanentRedirect", "TemporaryRedirect", "AuthorizationHeaderMalformed"}
_CONFLICTS = {"412", "409", "PreconditionFailed", "ConditionalRequestConflict"}


class S3Store:
    """One bucket. The endpoint, region and credentials come from the usual AWS variables."""

    def __init__(self, bucket: str) -> None:
        self._bucket = bucket
        try:
            self._s3 = boto3.session.Session().client("s3", config=_config())
        except (BotoCoreError, ValueError) as error:
            raise StoreUnavailable("the AWS settings of this environment name no usable store") from error

    def get(self, key: str) -> Blob:
        check_key_to_read(key)
        with _translated(key):
            return _blob(self._s3.get_object(Bucket=self._bucket, Key=key))

    def get_if_changed(self, key: str, etag: str) -> Blob | None:
        check_key_to_read(key)
        with _translated(key):
            try:
                return _blob(self._s3.get_object(Bucket=self._bucket, Key=key, IfNoneMatch=etag))
            except ClientError as error:
                if _code(error) in {"304", "NotModified"}:
                    return None
                raise

    def head(self, key: str, version_id: str | None = None) -> Entry:
        check_key_to_read(key)
        with _translated(key):
            answer = self._s3.head_object(Bucket=self._bucket, Key=key, **_version(version_id))
            _check_kind(answer)
            return Entry(
                key,
                answer["ContentLength"],
                answer["ETag"],
                answer["LastModified"],
                answer.get("VersionId"),
                answer["Metadata"],
            )

    @contextmanager
    def open(self, key: str, version_id: str | None = None) -> Iterator[BinaryIO]:
        check_key_to_read(key)
        with _translated(key):
            answer = self._s3.get_object(Bucket=self._bucket, Key=key, **_version(version_id))
            _check_object(answer)
            body = answer["Body"]
        try:
            yield cast(BinaryIO, body)
        except (BotoCoreError, HTTPError) as error:
            # Of the body alone: whatever else is raised here is the reader's own.
            _translate(error, key)
        finally:
            body.close()

    def get_range(self, key: str, start: int, end: int, *, etag: str) -> bytes:
        check_key_to_read(key)
        with _translated(key):
            answer = self._s3.get_object(
                Bucket=self._bucket, Key=key, Range=f"bytes={start}-{end - 1}", IfMatch=etag
            )
            _check_object(answer)
            body: bytes = answer["Body"].read()
            if len(body) != end - start:
                raise _Damaged("other bytes than were asked for")
        return body

    def list(self, prefix: str) -> Iterator[Entry]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
        with _translated(prefix):
            listed = iter(pages)
        while True:
            # What is yielded is outside: whatever the caller raises is its own.
            with _translated(prefix):
                page = next(listed, None)
                entries = _entries(page) if page is not None else []
            if page is None:
                return
            yield from entries

    def put(self, key: str, body: bytes) -> str:
        return self._write(key, body)

    def create(self, key: str, body: bytes, *, metadata: Mapping[str, str] | None = None) -> str:
        return self._write(key, body, IfNoneMatch="*", Metadata=dict(metadata or {}))

    def replace(self, key: str, body: bytes, *, etag: str, metadata: Mapping[str, str] | None = None) -> str:
        try:
            return self._write(key, body, IfMatch=etag, Metadata=dict(metadata or {}))
        except NotFound as error:
            raise Conflict(f"{key} is gone") from error

    def begin_upload(self, key: str) -> str:
        check_key_to_write(key)
        with _translated(key):
            upload: str = self._s3.create_multipart_upload(Bucket=self._bucket, Key=key)["UploadId"]
        return upload

    def upload_part(self, key: str, upload: str, number: int, body: bytes) -> str:
        part = {**self._upload(key, upload), "PartNumber": number, "Body": body}
        with _translated(key):
            etag: str = self._s3.upload_part(**part)["ETag"]
        return etag

    def complete_upload(self, key: str, upload: str, parts: Sequence[str]) -> None:
        listed: Any = [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(parts, start=1)]
        with _translated(key):
            self._s3.complete_multipart_upload(**self._upload(key, upload), MultipartUpload={"Parts": listed})

    def abort_upload(self, key: str, upload: str) -> None:
        with suppress(NotFound), _translated(key):
            self._s3.abort_multipart_upload(**self._upload(key, upload))

    def presign(self, method: Literal["GET", "PUT"], key: str, seconds: int) -> str | None:
        asked = {"Bucket": self._bucket, "Key": key}
        with _translated(key):
            address: str = self._s3.generate_presigned_url(
                f"{method.lower()}_object", Params=asked, ExpiresIn=seconds
            )
        return address

    def allow_uploads_from(self, origin: str) -> None:
        """Let web pages of `origin`, and of no other, send files to addresses of `presign`.

        template.yaml says the same of the bucket in AWS.
        """
        rule: Any = {
            "ID": "files-from-the-pages",
            "AllowedOrigins": [origin],
            "AllowedMethods": ["PUT"],
            "AllowedHeaders": ["content-type"],
            "MaxAgeSeconds": 3_600,
        }
        with _translated(self._bucket):
            self._s3.put_bucket_cors(Bucket=self._bucket, CORSConfiguration={"CORSRules": [rule]})

    def _upload(self, key: str, upload: str) -> dict[str, Any]:
        return {"Bucket": self._bucket, "Key": key, "UploadId": upload}

    def delete(self, key: str) -> None:
        with _translated(key):
            self._s3.delete_object(Bucket=self._bucket, Key=key)

    def create_bucket(self) -> None:
        region = self._s3.meta.region_name
        place: dict[str, Any] = {}
        if region not in (None, "us-east-1", "aws-global"):
            place = {"CreateBucketConfiguration": {"LocationConstraint": region}}
        with _translated(self._bucket):
            try:
                self._s3.create_bucket(Bucket=self._bucket, **place)
            except ClientError as error:
                if _code(error) == "BucketAlreadyExists":
                    return
                if _code(error) != "BucketAlreadyOwnedByYou":
                    raise
            # Of one that is there, too: whoever made it may have been killed before this.
            self._s3.put_bucket_versioning(Bucket=self._bucket, VersioningConfiguration={"Status": "Enabled"})

    def disconnect(self) -> None:
        # botocore empties its pool of connections; the client itself goes on working.
        self._s3.close()

    def _write(self, key: str, body: bytes, **options: Any) -> str:
        check_key_to_write(key)
        with _translated(key):
            try:
                etag: str = self._s3.put_object(Bucket=self._bucket, Key=key, Body=body, **options)["ETag"]
            except ClientError as error:
                # The answer to a write can be lost: then the SDK tries again, and meets its first attempt.
                if _code(error) not in _CONFLICTS or not _was_repeated(error):
                    raise
                written = self._etag_if_equal(key, body, options.get("Metadata", {}))
                if written is None:
                    raise
                return written
        return etag

    def _etag_if_equal(self, key: str, body: bytes, metadata: Mapping[str, str]) -> str | None:
        """The ETag of the object at `key` if it has these bytes and this metadata, else None."""
        try:
            answer = self._s3.get_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if _code(error) in _MISSING:
                return None
            raise
        with closing(answer["Body"]) as stream:
            is_like = (answer["ContentLength"], answer["Metadata"]) == (len(body), metadata)
            return answer["ETag"] if is_like and stream.read() == body else None


def _config() -> Config:
    # One for each client: the SDK writes what it finds in the environment into it.
    return Config(
        # Presigned addresses as well: without it, some regions get those of a scheme that others refuse.
        signature_version="s3v4",
        # The SDK's default checksums break some S3-compatible stores.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        # Endpoints without wildcard DNS know no virtual-host buckets.
        s3={"addressing_style": "path"},
        # A store that hangs is given up after 11 seconds at most (two attempts and a pause between them):
        # within the 15 that template.yaml gives predict, which then goes on with the model it has.
        connect_timeout=2,
        read_timeout=3,
        retries={"mode": "standard", "total_max_attempts": 2},
    )


def _version(version_id: str | None) -> dict[str, Any]:
    return {"VersionId": version_id} if version_id else {}


def _blob(answer: Mapping[str, Any]) -> Blob:
    _check_object(answer)
    return Blob(answer["Body"].read(), answer["ETag"])


def _check_object(answer: Mapping[str, Any]) -> None:
    """Raises `_Damaged` for an object of which nobody could tell that it was cut, or has changed since."""
    _check_kind(answer)
    headers = answer["ResponseMetadata"]["HTTPHeaders"]
    if "content-length" not in headers and "transfer-encoding" not in headers:
        raise _Damaged("an object without its length")
    if not answer["ETag"]:
        raise _Damaged("an object without an ETag")


def _check_kind(answer: Mapping[str, Any]) -> None:
    # A login page, or one that apologises. What is kept in the store is never a page.
    if is_page(answer.get("ContentType", "")):
        raise _Damaged("a page in HTML in place of an object")


def _entries(page: Mapping[str, Any]) -> "list[Entry]":
    # A page of well-formed HTML has none of these: it would be a listing of nothing.
    if not page.keys() & {"Name", "IsTruncated", "KeyCount", "Contents"}:
        raise _Damaged("no listing in place of a listing")
    if page.get("IsTruncated") and not page.get("NextContinuationToken"):
        raise _Damaged("a listing that goes on, and does not say where")
    return [
        Entry(item["Key"], item["Size"], item["ETag"], item["LastModified"])
        for item in page.get("Contents", ())
    ]


class _Damaged(Exception):
    """An answer with a good status that cannot be what was asked for."""


@contextmanager
def _translated(key: str) -> Iterator[None]:
    """Raise in the project's words whatever the SDK raises.

    Whatever: of bytes damaged on the way its parsers make a ValueError, a KeyError, an AttributeError... The
    cause is kept, and logged by who answers.
    """
    try:
        yield
    except Exception as error:
        _translate(error, key)


def _code(error: Exception) -> str:
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""


def _was_repeated(error: ClientError) -> bool:
    """Whether the SDK had asked before, and got no answer or one of a fault."""
    return bool(error.response.get("ResponseMetadata", {}).get("RetryAttempts"))


def _translate(error: Exception, key: str) -> NoReturn:
    """Raise `error` in the project's words. The bucket's name and the SDK's text stay in the cause."""
    code = _code(error)
    if code in _MISSING:
        raise NotFound(f"the store has no {key}") from error
    if code in _CONFLICTS:
        raise Conflict(f"{key} was written by somebody else first") from error
    raise StoreUnavailable(_reason(error, code, key)) from error


def _reason(error: Exception, code: str, key: str) -> str:
    if isinstance(error, NoCredentialsError):
        return "no AWS credentials were found in this environment"
    if isinstance(error, ParamValidationError):
        return f"no store has such a bucket, or such a key as {key}"
    if code in _ELSEWHERE:
        return f"the store answered {code} when asked for {key}: {WRONG_REGION}"
    if code:
        return f"the store answered {code} when asked for {key}"
    if isinstance(error, (HTTPClientError, NotConnected)):
        return f"the store could not be reached when asked for {key}"
    return f"the store gave an answer that cannot be used when asked for {key}"
