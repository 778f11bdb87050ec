"""Verifies that a request was signed with known credentials: AWS Signature Version 4, in the header, or in
the query of an address that was handed out.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Self
from urllib.parse import parse_qsl, quote

from functions.local.process.environment import Credentials

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 +"
    r"Credential=(?P<key>[^/,\s]+)/(?P<scope>\d{8}/[\w-]+/(?P<service>[\w-]+)/aws4_request), *"
    r"SignedHeaders=(?P<names>[\w;-]+), *Signature=(?P<signature>[0-9a-f]{64})"
)
_STAMP = re.compile(r"\d{8}T\d{6}Z")
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Signature:
    """What a request says of its signature. made_at: when it was made, where its address says so."""

    key: str
    scope: str
    service: str
    names: tuple[str, ...]
    signature: str
    made_at: str = ""

    @classmethod
    def read(cls, authorization: str) -> Self | None:
        """The signature that a header holds; None where it holds none of this kind."""
        if not (match := _AUTHORIZATION.fullmatch(authorization.strip())):
            return None
        return cls(
            match["key"],
            match["scope"],
            match["service"],
            tuple(match["names"].split(";")),
            match["signature"],
        )

    @classmethod
    def read_address(cls, query: str, now: datetime) -> Self | None:
        """The signature in the query of an address; None where it holds none, or one that has expired.

        now: in UTC.
        """
        asked = dict(parse_qsl(query))
        made_at, seconds = asked.get("X-Amz-Date", ""), asked.get("X-Amz-Expires", "")
        signature = cls.read(
            f"{asked.get('X-Amz-Algorithm', '')} Credential={asked.get('X-Amz-Credential', '')}, "
            f"SignedHeaders={asked.get('X-Amz-SignedHeaders', '')}, "
            f"Signature={asked.get('X-Amz-Signature', '')}"
        )
        if signature is None or not _STAMP.fullmatch(made_at) or not seconds.isdecimal():
            return None
        try:
            made = datetime.strptime(made_at, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            ends = made + timedelta(seconds=int(seconds))
        except (ValueError, OverflowError):
            # A 99th month, or more seconds than there will be.
            return None
        return replace(signature, made_at=made_at) if now < ends else None

    def is_of(
        self, credentials: Credentials, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> bool:
        """Whether these credentials signed this request.

        target: path and query as they were sent, percent signs and all. headers: by names in lower case.
        """
        if not hmac.compare_digest(self.key, credentials.access_key) or "host" not in self.names:
            return False
        payload = headers.get("x-amz-content-sha256") or hashlib.sha256(body).hexdigest()
        if self.made_at:
            # Whoever signed the address did not know what would be sent to it.
            payload = "UNSIGNED-PAYLOAD"
        elif _HASH.fullmatch(payload) and payload != hashlib.sha256(body).hexdigest():
            return False
        path, _, query = target.partition("?")
        # S3 signs the path as it is sent, all other services encode it once more.
        path = path if self.service == "s3" else quote(path, safe="/~")
        lines = [f"{name}:{' '.join(headers.get(name, '').split())}" for name in self.names]
        request = [method, path, _sorted(query), *lines, "", ";".join(self.names), payload]
        hashed = hashlib.sha256("\n".join(request).encode()).hexdigest()
        text = "\n".join(
            ["AWS4-HMAC-SHA256", self.made_at or headers.get("x-amz-date", ""), self.scope, hashed]
        )
        key = f"AWS4{credentials.secret_key}".encode()
        for part in self.scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        return hmac.compare_digest(hmac.digest(key, text.encode(), "sha256").hex(), self.signature)


def _sorted(query: str) -> str:
    pairs = sorted(pair.partition("=")[::2] for pair in query.split("&")) if query else []
    pairs = [pair for pair in pairs if pair[0] != "X-Amz-Signature"]
    return "&".join(f"{name}={value}" for name, value in pairs)
