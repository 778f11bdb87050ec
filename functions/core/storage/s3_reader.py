"""Reads whole objects from S3 without the SDK, whose import would be half of a cold start.

For the one case that a cold start is about: an environment that says all, as Lambda's does. Where the SDK
might look elsewhere, or go another way, `core.storage.s3_target` finds no target, and it is left to the SDK.

`make bench-readers` has it read a champion beside others. The SDK's signer alone brings half of the SDK.
obstore, in Rust, is there as soon or sooner, and is 16 MiB of a bundle that must stay below 88, and 6 MiB of
memory.
"""

import hashlib
import hmac
import http.client
import re
import time
from typing import NamedTuple, Self
from urllib.parse import quote

from functions.core.base.errors import NotFound, StoreUnavailable
from functions.core.storage.answers import WRONG_REGION, is_page
from functions.core.storage.contract import Blob, check_key_to_read
from functions.core.storage.s3_target import Target, find_target

# As patient as `core.storage.s3`: predict has time left for the model in memory when a store hangs.
_SECONDS = 3
_ATTEMPTS = 2
# "404": some stores say no more.
_MISSING = {"404", "NoSuchKey", "NoSuchBucket"}
_ELSEWHERE = {"301", "302", "307", "PermanentRedirect", "TemporaryRedirect", "AuthorizationHeaderMalformed"}
_EMPTY = hashlib.sha256(b"").hexdigest()


class _Damaged(Exception):
    """An answer with a good status that is no object."""


class _Answer(NamedTuple):
    """region: of the bucket, where the answer names it."""

    status: int
    etag: str
    region: str
    body: bytes


class S3Reader:
    """The objects of one bucket, to be read. It keeps its connection."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self._connection: http.client.HTTPConnection | None = None

    @classmethod
    def from_environment(cls, bucket: str) -> Self | None:
        """A reader that asks as the SDK would; None where only the SDK knows what to do."""
        target = find_target(bucket)
        return cls(target) if target else None

    def get(self, key: str) -> Blob:
        """Read an object. Raises `NotFound`, `StoreUnavailable`."""
        check_key_to_read(key)
        status, etag, body = self._request(key, {})
        if status != 200:
            raise _failure(status, body, key)
        return Blob(body, etag)

    def get_if_changed(self, key: str, etag: str) -> Blob | None:
        """Read an object unless it still has `etag` (then None). Raises `NotFound`, `StoreUnavailable`."""
        check_key_to_read(key)
        status, new, body = self._request(key, {"if-none-match": etag})
        if status == 304:
            return None
        if status != 200:
            raise _failure(status, body, key)
        return Blob(body, new)

    def disconnect(self) -> None:
        """Close the connection; the next request opens one."""
        if self._connection:
            self._connection.close()
            self._connection = None

    def _request(self, key: str, headers: dict[str, str]) -> tuple[int, str, bytes]:
        answer = self._tried(key, headers)
        if answer.region and self.target.knows_better(answer.region):
            # Amazon's buckets say where they are; the SDK asks there, too, and goes on asking there.
            self.disconnect()
            self.target = self.target.moved_to(answer.region)
            answer = self._tried(key, headers)
        return answer.status, answer.etag, answer.body

    def _tried(self, key: str, headers: dict[str, str]) -> _Answer:
        path = quote(self.target.path + key, safe="/-_.~")
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                answer = self._asked(path, headers)
            except (OSError, http.client.HTTPException, ValueError, _Damaged) as error:
                # A connection that was kept may have been closed at the other end meanwhile.
                self.disconnect()
                if attempt == _ATTEMPTS:
                    raise StoreUnavailable(f"{_words(error)} when asked for {key}") from error
                continue
            if answer.status < 500 or attempt == _ATTEMPTS:
                return answer
        raise AssertionError("the last attempt returns or raises")

    def _asked(self, path: str, headers: dict[str, str]) -> _Answer:
        connection = self._connected()
        connection.request("GET", path, headers=headers | self._signed(path, time.time()))
        got = connection.getresponse()
        has_length = got.length is not None or got.chunked
        body = got.read()
        known = got.headers
        answer = _Answer(got.status, known.get("etag", ""), known.get("x-amz-bucket-region", ""), body)
        if answer.status == 200 and not (has_length and answer.etag):
            raise _Damaged("an object without its length or without an ETag")
        if answer.status == 200 and is_page(known.get("content-type", "")):
            raise _Damaged("a page in HTML in place of an object")
        return answer

    def _connected(self) -> http.client.HTTPConnection:
        if self._connection is None:
            target = self.target
            kind = http.client.HTTPSConnection if target.is_secure else http.client.HTTPConnection
            self._connection = kind(target.host, timeout=_SECONDS)
        return self._connection

    def _signed(self, path: str, now: float) -> dict[str, str]:
        """The headers that sign a GET of `path`, AWS Signature Version 4.

        docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
        """
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
        headers = {"host": self.target.host, "x-amz-content-sha256": _EMPTY, "x-amz-date": stamp}
        if self.target.token:
            headers["x-amz-security-token"] = self.target.token
        names = ";".join(headers)
        lines = [f"{name}:{value}" for name, value in headers.items()]
        request = "\n".join(["GET", path, "", *lines, "", names, _EMPTY])
        scope = f"{stamp[:8]}/{self.target.region}/s3/aws4_request"
        text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(request.encode()).hexdigest()])
        key = f"AWS4{self.target.secret}".encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        signature = hmac.digest(key, text.encode(), "sha256").hex()
        headers["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={self.target.key}/{scope}, "
            f"SignedHeaders={names}, Signature={signature}"
        )
        return headers


def _words(error: Exception) -> str:
    if isinstance(error, OSError):
        return "the store could not be reached"
    return "the store gave an answer that cannot be used"


def _failure(status: int, body: bytes, key: str) -> NotFound | StoreUnavailable:
    match = re.search(rb"<Code>(\w+)</Code>", body)
    code = match.group(1).decode() if match else str(status)
    if code in _MISSING:
        return NotFound(f"the store has no {key}")
    advice = f": {WRONG_REGION}" if code in _ELSEWHERE else ""
    return StoreUnavailable(f"the store answered {code} when asked for {key}{advice}")
