"""Reads whole objects from S3 without the SDK, whose import would be half of a cold start.

For the one case that a cold start is about: credentials in the environment, as Lambda gives them, and a plain
endpoint. Everything else is left to the SDK (`core.storage.s3`).
"""

import hashlib
import hmac
import http.client
import re
import time
from collections.abc import Mapping
from typing import Self
from urllib.parse import quote, urlsplit

from functions.core.base.errors import NotFound, StoreUnavailable
from functions.core.storage.contract import Blob

# As patient as `core.storage.s3`: predict has time left for the model in memory when a store hangs.
_SECONDS = 3
_ATTEMPTS = 2
# "404": some stores say no more.
_MISSING = {"404", "NoSuchKey", "NoSuchBucket"}

_PLAIN_REGION = re.compile(r"(af|ap|ca|cn|eu|il|me|mx|sa|us)-[a-z]+-[0-9]")
# With one of these set, a request would go elsewhere, or be trusted differently, than is done here.
_SPECIAL = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
)
_CERTIFICATES = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE")
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")
_EMPTY = hashlib.sha256(b"").hexdigest()


class S3Reader:
    """The objects of one bucket, to be read. It keeps its connection."""

    def __init__(self, bucket: str, endpoint: str, region: str, key: str, secret: str, token: str) -> None:
        split = urlsplit(endpoint)
        self._host = split.netloc
        self._secure = split.scheme == "https"
        self._path = f"{split.path.rstrip('/')}/{bucket}/"
        self._region = region
        self._key, self._secret, self._token = key, secret, token
        self._connection: http.client.HTTPConnection | None = None

    @classmethod
    def from_environment(cls, bucket: str, environment: Mapping[str, str]) -> Self | None:
        """A reader with the credentials of `environment`; None where only the SDK knows what to do."""
        key = environment.get("AWS_ACCESS_KEY_ID")
        secret = environment.get("AWS_SECRET_ACCESS_KEY")
        region = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or ""
        if not key or not secret or not _PLAIN_REGION.fullmatch(region):
            return None
        if any(environment.get(name) for name in _SPECIAL):
            return None
        suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
        endpoint = (
            environment.get("AWS_ENDPOINT_URL_S3")
            or environment.get("AWS_ENDPOINT_URL")
            or f"https://s3.{region}.{suffix}"
        )
        if _is_proxied(urlsplit(endpoint).hostname or "", environment):
            return None
        if endpoint.startswith("https:") and any(map(environment.get, _CERTIFICATES)):
            return None
        return cls(bucket, endpoint, region, key, secret, environment.get("AWS_SESSION_TOKEN", ""))

    def get(self, key: str) -> Blob:
        """Read an object. Raises `NotFound`, `StoreUnavailable`."""
        status, etag, body = self._request(key, {})
        if status != 200:
            raise _failure(status, body, key)
        return Blob(body, etag)

    def get_if_changed(self, key: str, etag: str) -> Blob | None:
        """Read an object unless it still has `etag` (then None). Raises `NotFound`, `StoreUnavailable`."""
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
        path = quote(self._path + key, safe="/-_.~")
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                connection = self._connected()
                connection.request("GET", path, headers=headers | self._signed(path, time.time()))
                answer = connection.getresponse()
                body = answer.read()
            except (OSError, http.client.HTTPException) as error:
                # A connection that was kept may have been closed at the other end meanwhile.
                self.disconnect()
                if attempt == _ATTEMPTS:
                    raise StoreUnavailable(f"the store could not be reached when asked for {key}") from error
                continue
            if answer.status < 500 or attempt == _ATTEMPTS:
                return answer.status, answer.headers.get("etag", ""), body
        raise AssertionError("the last attempt returns or raises")

    def _connected(self) -> http.client.HTTPConnection:
        if self._connection is None:
            kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
            self._connection = kind(self._host, timeout=_SECONDS)
        return self._connection

    def _signed(self, path: str, now: float) -> dict[str, str]:
        """The headers that sign a GET of `path`, AWS Signature Version 4.

        docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
        """
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
        headers = {"host": self._host, "x-amz-content-sha256": _EMPTY, "x-amz-date": stamp}
        if self._token:
            headers["x-amz-security-token"] = self._token
        names = ";".join(headers)
        lines = [f"{name}:{value}" for name, value in headers.items()]
        request = "\n".join(["GET", path, "", *lines, "", names, _EMPTY])
        scope = f"{stamp[:8]}/{self._region}/s3/aws4_request"
        text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(request.encode()).hexdigest()])
        key = f"AWS4{self._secret}".encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        signature = hmac.digest(key, text.encode(), "sha256").hex()
        headers["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={self._key}/{scope}, SignedHeaders={names}, Signature={signature}"
        )
        return headers


def _is_proxied(host: str, environment: Mapping[str, str]) -> bool:
    """Whether a request to `host` may have to go through a proxy."""
    direct = environment.get("no_proxy") or environment.get("NO_PROXY") or ""
    return any(map(environment.get, _PROXIES)) and host not in map(str.strip, direct.split(","))


def _failure(status: int, body: bytes, key: str) -> NotFound | StoreUnavailable:
    found = re.search(rb"<Code>(\w+)</Code>", body)
    code = found.group(1).decode() if found else str(status)
    if code in _MISSING:
        return NotFound(f"the store has no {key}")
    return StoreUnavailable(f"the store answered {code} when asked for {key}")
